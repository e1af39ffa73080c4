// What no witness can do without: an HTTP request, and a file of this size that is on the disk, under its name, before the answer.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { open, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';

if (process.argv[2] === 'serve') serve(process.argv[3]);

function serve(folder) {
  const path = join(folder, 'kept');
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    await keep(path, Buffer.concat(parts));
    response.end(Buffer.alloc(140, 0x41));
  }).listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}

async function keep(path, bytes) {
  const file = await open(`${path}.writing`, 'w');
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
  await rename(`${path}.writing`, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
}

export async function bareWitness(folder) {
  const child = fork(import.meta.filename, ['serve', folder]);
  const [port] = await once(child, 'message');
  return {
    pid: child.pid,
    async ask(body) {
      const reply = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers: { 'content-type': 'text/plain; charset=utf-8' } });
      return (await reply.text()).length;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
