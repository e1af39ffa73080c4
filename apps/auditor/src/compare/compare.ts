import { RecordVerifier, type RecordSummary } from '@tillid/eventsourcing';
import { verifyLog, type LogVerdict } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import type { OpenedLog } from '../log/open-log.js';
import { SourceFeed, type SourceService } from './source-feed.js';

export type DifferenceCode =
  /** The same position, other bytes. */
  | 'entry.differs'
  /** In the ledger, and the source says it has none: a backup was restored, or its tail was lost. */
  | 'source.shorter'
  /** The source had it before this began, and the tree has not: an act without its record. */
  | 'ledger.shorter'
  /** The source's head or feed is not what its key signs. */
  | 'source.broken'
  /** The key the source signs with is none that it announced in the ledger. */
  | 'key.differs'
  /** Entries of a source nobody runs. */
  | 'source.unknown';

export interface Difference {
  readonly code: DifferenceCode;
  readonly source: string;
  readonly position: number;
  readonly message: string;
}

export interface SourceComparison {
  readonly source: string;
  /** Of the source, before the ledger was read. */
  readonly headPosition: number;
  readonly sameEntries: number;
}

export interface Comparison {
  readonly holds: boolean;
  readonly sources: readonly SourceComparison[];
  /** The first per source: what comes after it in that source was not compared. */
  readonly differences: readonly Difference[];
  readonly log: LogVerdict;
  readonly record: RecordSummary;
}

/** One source's side of the comparison. */
interface Side {
  readonly feed: SourceFeed;
  readonly publicKey: Uint8Array;
  readonly headPosition: number;
  same: number;
  ended: boolean;
}

/**
 * The ledger, entry by entry, against what each source itself gives: same bytes at the same position, and nothing a
 * source had when this began missing from the tree. `reached` waits until the tree has the heads, for as long as is
 * fair, so that what is only on its way is not called missing.
 */
export async function compare(
  services: readonly SourceService[],
  openLedger: () => Promise<OpenedLog>,
  reached: (heads: ReadonlyMap<string, number>) => Promise<void>,
  onProgress?: (done: number, total: number) => void,
): Promise<Comparison> {
  const differences: Difference[] = [];
  const sides = new Map<string, Side>();
  let ledger: OpenedLog | undefined;
  const report = (code: DifferenceCode, source: string, position: number, message: string): void => {
    differences.push({ code, source, position, message });
    const side = sides.get(source);
    if (side) side.ended = true;
  };
  try {
    for (const service of services) sides.set(service.source, await beginSide(service));
    await reached(new Map([...sides].map(([source, { headPosition }]) => [source, headPosition])));
    ledger = await openLedger();
    const record = new RecordVerifier({ origin: ledger.key.name });
    const log = await verifyLog(ledger.files, ledger.key, { entries: true, ...(onProgress && { onProgress }) }, async (bytes) => {
      const placed = record.entry(bytes);
      if (placed) await compareEntry(bytes, placed.source, placed.position, record.isClosed(placed.source));
    });
    const summary = record.summary();
    for (const [source, side] of sides) finishSide(source, side, summary);
    return {
      holds: log.holds && summary.findingCount === 0 && differences.length === 0,
      sources: [...sides].map(([source, { headPosition, same }]) => ({ source, headPosition, sameEntries: same })),
      differences,
      log,
      record: summary,
    };
  } finally {
    await Promise.all([...sides.values()].map(({ feed }) => feed.close()));
    ledger?.close();
  }

  async function compareEntry(bytes: Uint8Array, source: string, position: number, isClosed: boolean): Promise<void> {
    const side = sides.get(source);
    if (!side) {
      // Nobody runs what was closed with the log before this one: the heads it signed are all there is.
      if (position === 1 && !isClosed) report('source.unknown', source, 1, 'the ledger has entries of it');
      return;
    }
    if (side.ended) return;
    const heard = await side.feed.next();
    if (heard.kind === 'broken') return report('source.broken', source, position, heard.message);
    if (heard.kind === 'ends') return report('source.shorter', source, position, `the source ends at ${heard.at}`);
    if (Buffer.compare(heard.bytes, bytes) !== 0) return report('entry.differs', source, position, 'the source has other bytes here');
    side.same = position;
  }

  function finishSide(source: string, side: Side, { sources }: RecordSummary): void {
    const inLedger = sources.find((summary) => summary.source === source);
    const keys = inLedger?.keys ?? [];
    if (keys.length > 0 && !keys.some((key) => Buffer.compare(key, side.publicKey) === 0)) report('key.differs', source, 1, 'in the ledger it announced other keys');
    if (!side.ended && side.same < side.headPosition) report('ledger.shorter', source, side.same + 1, `the source had ${side.headPosition} when this began`);
  }
}

async function beginSide(service: SourceService): Promise<Side> {
  const { head, publicKey } = await service.getHead().catch((error: unknown) => {
    throw new CouldNotLook(`${service.source} does not say how far it is`, { cause: error });
  });
  // What the head signs is checked batch by batch as the feed comes.
  return { feed: new SourceFeed(service), publicKey, headPosition: head?.position ?? 0, same: 0, ended: false };
}
