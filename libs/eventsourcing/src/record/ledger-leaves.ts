import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import type { RebuildSource } from '../consume/rebuild.js';
import { decodeEnvelope } from '../event-codec.js';
import { isHeadsSeen } from './heads-seen.js';

/** The ledger as its readers know it: positions there are leaf indexes plus one. */
export const ledgerSource = 'ledger/0';

/** The leaves of the ledger in order, from the first, as often as somebody asks. They are events: whoever is not sure has verified them. */
export type Leaves = () => AsyncIterable<Uint8Array>;

/** The ledger as it was when it had so many leaves, or at an instant. */
export type AsOf = { readonly leaves: number } | { readonly instantMs: number };

/** "609" is the first 609 leaves; anything else must be a whole instant of ISO 8601, or two readers would take it for two. Undefined for neither. */
export function parseAsOf(text: string): AsOf | undefined {
  if (/^\d{1,15}$/.test(text)) return { leaves: Number(text) };
  const instantMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(instantMs) ? undefined : { instantMs };
}

/** The record ends before what was asked for. */
export class LedgerTooShort extends Error {
  override readonly name = 'LedgerTooShort';
}

/**
 * The events of one source, split from the ledger by what they say themselves; or the ledger's own. Read forward only,
 * each page from where the one before ended, so that a log of any length needs no more memory than a page.
 */
export function sourceIn(leaves: Leaves, source: string): RebuildSource {
  const events = eventsOf(leaves, source);
  let position = 0;
  return {
    source,
    async read(after, limit) {
      if (after !== position) throw new Error(`${source} is read forward only: it stands at ${position}, not at ${after}`);
      const page: { bytes: Uint8Array }[] = [];
      while (page.length < limit) {
        const { done, value } = await events.next();
        if (done) break;
        page.push({ bytes: value });
      }
      position += page.length;
      return page;
    },
  };
}

async function* eventsOf(leaves: Leaves, source: string): AsyncGenerator<Uint8Array, undefined> {
  for await (const bytes of leaves()) if (source === ledgerSource || decodeEnvelope(bytes).source === source) yield bytes;
}

/**
 * Where each source stood, and the ledger itself under `ledgerSource`; a source that is not named had nothing. At an
 * instant: the positions that the last HeadsSeen at or before it names, as `HeadsTimeline.positionsAt` has them, and of
 * the ledger the shortest beginning that has them all. Lists that follow the ledger number what comes in the order it
 * came, so nothing is left out of that beginning: an entry of another source that came in between may be dated later.
 */
export async function positionsAsOf(leaves: Leaves, asOf: AsOf = { leaves: Infinity }): Promise<ReadonlyMap<string, number>> {
  return 'leaves' in asOf ? positionsAfter(leaves, asOf.leaves) : positionsAt(leaves, asOf.instantMs);
}

async function positionsAfter(leaves: Leaves, count: number): Promise<ReadonlyMap<string, number>> {
  const positions = new Map([[ledgerSource, 0]]);
  if (count > 0) {
    for await (const bytes of leaves()) if (step(positions, decodeEnvelope(bytes).source) === count) return positions;
  }
  if (count !== Infinity && count > 0) throw new LedgerTooShort(`the ledger has ${positions.get(ledgerSource)} leaves, not ${count}`);
  return positions;
}

/** Answers the ledger's. */
function step(positions: Map<string, number>, source: string): number {
  const leaves = positions.get(ledgerSource)! + 1;
  positions.set(ledgerSource, leaves);
  positions.set(source, (positions.get(source) ?? 0) + 1);
  return leaves;
}

async function positionsAt(leaves: Leaves, instantMs: number): Promise<ReadonlyMap<string, number>> {
  let named: ReadonlyMap<string, number> = new Map();
  for await (const bytes of leaves()) {
    const event = decodeEnvelope(bytes);
    if (!isHeadsSeen(event)) continue;
    const { timeMs, heads } = HeadsSeen.decode(event.data);
    // Audit's clock never goes back, which verifying the record checks.
    if (timeMs > instantMs) break;
    named = new Map(heads.map(({ source, position }) => [source, position]));
  }
  return new Map([...named, [ledgerSource, await shortestWith(leaves, named)]]);
}

async function shortestWith(leaves: Leaves, named: ReadonlyMap<string, number>): Promise<number> {
  const missing = new Map([...named].filter(([, position]) => position > 0));
  const positions = new Map([[ledgerSource, 0]]);
  if (missing.size === 0) return 0;
  for await (const bytes of leaves()) {
    const { source } = decodeEnvelope(bytes);
    const count = step(positions, source);
    if (positions.get(source) === missing.get(source)) missing.delete(source);
    if (missing.size === 0) return count;
  }
  throw new LedgerTooShort(`the ledger ends before ${[...missing].map(([source, position]) => `${source}@${position}`).join(' and ')}, which its HeadsSeen names`);
}
