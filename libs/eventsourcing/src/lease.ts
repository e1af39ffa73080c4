import { setTimeout as pauseFor } from 'node:timers/promises';
import type { CompareAndSetRecord } from './vault.js';

/**
 * Work that one replica does at a time. The lease is one compare-and-set record; its version is the number that moves.
 * It is speed and fairness, never safety: whoever wakes up with a lease it has lost writes nothing that a position or a
 * compare-and-set does not refuse.
 */
export interface LeaseParts {
  readonly record: CompareAndSetRecord;
  /** This replica's name, as others see it. */
  readonly holder: string;
  /** A lease whose number has not moved for so long may be taken. Beats come four times as often. */
  readonly silentMs: number;
  /** The observer's own clock, that no operator sets: `performance.now`. */
  readonly monotonicMs: () => number;
  /** What the holder tells the others with each beat: how far it is, what troubles it. */
  readonly note?: () => string;
  /** Called with what the holder told, while somebody else holds. */
  readonly onNote?: (note: string) => void;
  readonly onChange?: (change: { readonly kind: 'taken' | 'lost' | 'released'; readonly fence: number }) => void;
  /** The record could not be read or written; tried again at the next beat. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface Tenure {
  /** Grows by one each time the lease is taken, by whomever. */
  readonly fence: number;
  /** Aborted when the lease is lost, or this replica stops. */
  readonly signal: AbortSignal;
}

export interface Lease {
  start(): void;
  /** Ends the work in hand, and lets the next replica begin at once. */
  stop(): Promise<void>;
}

interface Entry {
  /** Empty: released, free to take. */
  readonly holder: string;
  readonly fence: number;
  readonly note: string;
}

interface Seen {
  readonly version: number;
  readonly entry: Entry | undefined;
}

/** Runs `work` whenever this replica holds the lease. `work` ends soon after its signal; until it has, nothing is taken again. */
export function lease(parts: LeaseParts, work: (tenure: Tenure) => Promise<void>): Lease {
  const { record, holder, silentMs, monotonicMs, note = () => '', onNote = () => undefined, onChange = () => undefined, onTrouble = () => undefined } = parts;
  const beatMs = silentMs / 4;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  const write = (expectedVersion: number, entry: Entry): Promise<boolean> => record.compareAndSet(expectedVersion, encode(entry));
  const pause = (signal: AbortSignal): Promise<unknown> => pauseFor(beatMs, undefined, { signal }).catch(() => undefined);

  /** Waits until the lease is free or has fallen silent, and takes it. Undefined: told to stop. */
  async function take(): Promise<Seen | undefined> {
    let last: Seen | undefined;
    let movedAtMs = monotonicMs();
    while (!stopping.signal.aborted) {
      try {
        const seen = await read(record);
        if (seen.version !== last?.version) movedAtMs = monotonicMs();
        last = seen;
        const free = seen.entry === undefined || seen.entry.holder === '' || monotonicMs() - movedAtMs >= silentMs;
        if (free) {
          const entry = { holder, fence: (seen.entry?.fence ?? 0) + 1, note: note() };
          if (await write(seen.version, entry)) return { version: seen.version + 1, entry };
          continue;
        }
        if (seen.entry.holder !== holder) onNote(seen.entry.note);
      } catch (error) {
        // Nothing was heard: silence counts from when the record can be read again.
        last = undefined;
        onTrouble(error);
      }
      await pause(stopping.signal);
    }
    return undefined;
  }

  /** Moves the number until that fails. Resolves with the last version that is ours, when told to stop. */
  async function keep(taken: Seen, fence: number): Promise<number | undefined> {
    let { version } = taken;
    let beatAtMs = monotonicMs();
    for (;;) {
      await pause(stopping.signal);
      if (stopping.signal.aborted) return version;
      try {
        const askedAtMs = monotonicMs();
        // A store that does not answer must not keep us believing: by then another may have taken it.
        if (!(await within(silentMs - (askedAtMs - beatAtMs), write(version, { holder, fence, note: note() })))) return undefined;
        version += 1;
        beatAtMs = askedAtMs;
      } catch (error) {
        onTrouble(error);
        if (monotonicMs() - beatAtMs >= silentMs - beatMs) return undefined;
        // It may have been stored, and only the answer lost.
        version = await versionOfOurs(fence).catch(() => version);
      }
    }
  }

  async function versionOfOurs(fence: number): Promise<number> {
    const { version, entry } = await within(beatMs, read(record));
    // Somebody else's: no version of ours will be found there again, and the next beat says so.
    return entry?.holder === holder && entry.fence === fence ? version : -1;
  }

  async function holdOnce(): Promise<void> {
    const taken = await take();
    if (!taken) return;
    const fence = taken.entry!.fence;
    const tenure = new AbortController();
    onChange({ kind: 'taken', fence });
    const worked = work({ fence, signal: tenure.signal });
    const version = await keep(taken, fence);
    if (version === undefined) onChange({ kind: 'lost', fence });
    tenure.abort();
    await worked;
    if (version === undefined) return;
    // A crash before this leaves a lease that others take once it has been silent.
    await within(silentMs, write(version, { holder: '', fence, note: '' })).catch(onTrouble);
    onChange({ kind: 'released', fence });
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) await holdOnce();
  }

  return {
    start: () => void (running = run()),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function read(record: CompareAndSetRecord): Promise<Seen> {
  const stored = await record.get();
  return { version: stored?.version ?? 0, entry: stored && decode(stored.value) };
}

function encode(entry: Entry): Uint8Array {
  return Buffer.from(JSON.stringify(entry), 'utf8');
}

function decode(value: Uint8Array): Entry {
  return JSON.parse(Buffer.from(value).toString('utf8')) as Entry;
}

/** Rejects when the time is over; what was asked for may still happen. */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const waited = new AbortController();
  const over = pauseFor(Math.max(0, ms), undefined, { signal: waited.signal }).then(
    () => Promise.reject(new Error('the record of the lease did not answer')),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work, over]);
  } finally {
    waited.abort();
  }
}
