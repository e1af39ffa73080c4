export function median(values) {
  return quantile(values, 0.5);
}

export function quantile(values, part) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

export function perSecond(count, ms) {
  return (count / ms) * 1000;
}

export function whole(value) {
  return Math.round(value).toLocaleString('en');
}

export function short(value) {
  return value >= 100 ? whole(value) : value.toPrecision(value < 0.1 ? 2 : 3);
}

/** Wall and CPU milliseconds of this process, all its threads. */
export async function timed(work) {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const result = await work();
  const ms = performance.now() - started;
  const cpu = process.cpuUsage(cpuBefore);
  return { result, ms, cpuMs: (cpu.user + cpu.system) / 1000 };
}
