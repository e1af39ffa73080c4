import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second. */
const msPerTick = 10;

/** CPU a process has used, by thread name: `libuv-worker` is where password hashes run. */
export function cpuMsByThread(pid) {
  const used = new Map();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
    used.set(name, (used.get(name) ?? 0) + (user + system) * msPerTick);
  }
  return used;
}

/** CPU beside password hashing: of every thread but libuv's. */
export function besideHashing(byThread) {
  return [...byThread].filter(([thread]) => thread !== 'libuv-worker').reduce((total, [, ms]) => total + ms, 0);
}

/** Of the whole process, ended threads included. */
export function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
  return (user + system) * msPerTick;
}

export function residentMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
