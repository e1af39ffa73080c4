import { readdirSync, readFileSync } from 'node:fs';

export const services = ['identity', 'authentication', 'consent', 'audit'];

/** The kernel counts in hundredths of a second. */
const msPerTick = 10;

/** CPU a process has used, by thread name: `libuv-worker` is where password hashes run. */
export function cpuMsByThread(pid) {
  const used = new Map();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const { name, cpuTicks } = statOf(`${pid}/task/${thread}`);
    used.set(name, (used.get(name) ?? 0) + cpuTicks * msPerTick);
  }
  return used;
}

/** CPU beside password hashing: of every thread but libuv's. */
export function besideHashing(byThread) {
  return [...byThread].filter(([thread]) => thread !== 'libuv-worker').reduce((total, [, ms]) => total + ms, 0);
}

/** Of the whole process, ended threads included. */
export function cpuMs(pid) {
  return statOf(pid).cpuTicks * msPerTick;
}

export function cpuMsByService(system) {
  const { pids } = system.running;
  return Object.fromEntries(services.map((name) => [name, cpuMs(pids[name])]));
}

/** A process that some process below this one runs, by the name of its program; undefined when there is none. */
export function descendantOf(pid, program) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap(statIfThere);
  const search = (above) => {
    const children = all.filter(({ parent }) => parent === above);
    return children.find(({ name }) => name === program)?.pid ?? children.map((child) => search(child.pid)).find(Boolean);
  };
  return search(pid);
}

function statIfThere(pid) {
  try {
    return [{ pid: Number(pid), ...statOf(pid) }];
  } catch {
    // It has ended since the folder was read.
    return [];
  }
}

/** Of a process, or of a thread: `<pid>/task/<thread>`. */
function statOf(path) {
  const stat = readFileSync(`/proc/${path}/stat`, 'utf8');
  // The name may hold spaces and brackets; what follows it are numbers.
  const nameEnd = stat.lastIndexOf(')');
  const after = stat.slice(nameEnd + 2).split(' ');
  return { name: stat.slice(stat.indexOf('(') + 1, nameEnd), parent: Number(after[1]), cpuTicks: Number(after[11]) + Number(after[12]) };
}

export function residentMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
