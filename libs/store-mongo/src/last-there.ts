const spread = 31;
const firstStep = 4;

/**
 * The last number that is there, where 1, 2, 3 ... are there up to some last one: by exact keys, a handful at a time.
 * `known` is there already (0: nothing is known). Numbers added meanwhile may or may not count.
 */
export async function lastThere(known: number, there: (candidates: readonly number[]) => Promise<ReadonlySet<number>>): Promise<number> {
  let low = known;
  let high: number | undefined;
  for (;;) {
    const candidates = high === undefined ? everFurther(low) : between(low, high);
    if (candidates.length === 0) return low;
    const found = await there(candidates);
    low = Math.max(low, ...found);
    high = candidates.find((candidate) => candidate > low) ?? high;
  }
}

function everFurther(low: number): number[] {
  const candidates = [];
  for (let step = 1; low + step <= Number.MAX_SAFE_INTEGER; step *= firstStep) candidates.push(low + step);
  return candidates;
}

/** All of them when they are few, else evenly spread. */
function between(low: number, high: number): number[] {
  const count = Math.min(spread, high - low - 1);
  return Array.from({ length: count }, (_, index) => low + Math.floor((index + 1) * ((high - low) / (count + 1))));
}
