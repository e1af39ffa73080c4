// Outlives the launcher by a moment. Its stdin is a pipe that only the launcher holds: the kernel closes it when that
// process ends, SIGKILL included, and then whatever is still named here is ended and removed.
// Runs in a session of its own, so that a Ctrl-C in the launcher's terminal does not end it first.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const processes = new Set();
const folders = new Set();
const commands = new Map();
const orders = {
  watch: (pid) => processes.add(pid),
  forget: (pid) => processes.delete(pid),
  folder: (path) => folders.add(path),
  command: (argv) => commands.set(argv.join(' '), argv),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [order, value] = JSON.parse(line);
  orders[order](value);
}
for (const pid of processes) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
for (const [command, ...args] of commands.values()) spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 });
for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
