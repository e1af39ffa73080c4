import type { System } from './system.js';
import { until } from './until.js';

/** kill -9 of one replica, then waits until `tillid up` has it back: one that is killed while it starts would only be killed again. */
export async function killOne(system: System, replica: string): Promise<void> {
  const pid = system.running.pids[replica]!;
  process.kill(pid, 'SIGKILL');
  await until(`${replica} is back`, async () => {
    if (system.running.pids[replica] === pid) return false;
    const { stdout } = await system.tillid('status', '--json');
    try {
      return (JSON.parse(stdout) as { services: Record<string, { serving: boolean }> }).services[replica]?.serving ?? false;
    } catch {
      return false;
    }
  });
}
