import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { isHeadsSeen, RecordVerifier, sourceKeysStream, type PlacedEntry, type RecordSummary } from '@tillid/eventsourcing';
import type { OpenedLog } from '../log/open-log.js';
import { heldByItsEntries, verifyFollowed, type FollowedVerdict } from '../log/verify-followed.js';
import { lookAt, settledLeaves } from '../verify/verify.js';
import { ComparedSource } from './compared-source.js';
import type { Difference } from './difference.js';
import type { Kept } from './kept-heads.js';
import type { SourceService } from './source-feed.js';
import { whoChanged } from './who-changed.js';

export interface CompareOptions {
  /** What the last compare that held kept, and how long ago that was by the auditor's own clock. */
  readonly kept?: (Kept & { readonly ageMs: number }) | undefined;
  readonly onProgress?: (done: number, total: number) => void;
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
  readonly log: FollowedVerdict;
  readonly record: RecordSummary;
  /** For the next compare; undefined when this one did not hold. */
  readonly keep: Kept | undefined;
}

/**
 * The ledger, entry by entry, against what each source itself gives: same bytes at the same position, and nothing a
 * source had when this began missing from the tree; with what was kept, neither may have left what it had signed by then.
 * What differs is said with who must have changed it. `reached` waits until the tree has the heads, for as long as is
 * fair, so that what is only on its way is not called missing.
 */
export async function compare(
  services: readonly SourceService[],
  openLedger: () => Promise<OpenedLog>,
  reached: (heads: ReadonlyMap<string, number>) => Promise<void>,
  { kept, onProgress }: CompareOptions = {},
): Promise<Comparison> {
  const sources = new Map<string, ComparedSource>();
  const unknown = new Set<string>();
  let ledger: OpenedLog | undefined;
  try {
    for (const service of services) sources.set(service.source, await ComparedSource.begin(service, kept?.sources.find(({ source }) => source === service.source)));
    await reached(new Map([...sources].map(([source, { headPosition }]) => [source, headPosition])));
    ledger = await openLedger();
    const record = new RecordVerifier({ origin: ledger.key.name, settledLeaves: await lookAt(async () => settledLeaves({ previousCheckpoint: kept?.checkpoint, previousAgeMs: kept?.ageMs })) });
    const looked = await lookAt(() => verifyFollowed(ledger!, { entries: true, ...(kept && { previousCheckpoint: kept.checkpoint }), ...(onProgress && { onProgress }) }, async (bytes) => {
      const placed = record.entry(bytes);
      if (placed) await compareEntry(bytes, placed, record.isClosed(placed.source));
    }));
    const summary = record.summary();
    const log = looked.holds ? heldByItsEntries(looked, summary, ledger.key) : looked;
    const differences = [...sources.values()].flatMap((source) => source.differences(saidOfTheTree(source.source, log, summary)));
    differences.push(...[...unknown].map(withoutService));
    const holds = log.holds && summary.findingCount === 0 && differences.length === 0;
    return {
      holds,
      sources: [...sources.values()].map(({ source, headPosition, sameEntries }) => ({ source, headPosition, sameEntries })),
      differences,
      log,
      record: summary,
      keep: holds && log.kept !== undefined ? { checkpoint: log.kept, sources: [...sources.values()].flatMap((source) => source.toKeep() ?? []) } : undefined,
    };
  } finally {
    await Promise.all([...sources.values()].map((source) => source.close()));
    ledger?.close();
  }

  async function compareEntry(bytes: Uint8Array, { source, event }: PlacedEntry, isClosed: boolean): Promise<void> {
    const known = sources.get(source);
    if (known) await known.entry(bytes, event.stream === sourceKeysStream);
    // Nobody runs what was closed with the log before this one: the heads it signed are all there is.
    else if (!isClosed) unknown.add(source);
    if (isHeadsSeen(event)) for (const head of headsIn(event.data)) sources.get(head.source)?.recorded(head);
  }
}

function saidOfTheTree(source: string, log: FollowedVerdict, { findings }: RecordSummary) {
  const unconfirmed = findings.filter((finding) => finding.code === 'entry.unconfirmed' && finding.source === source).map(({ position }) => position);
  return {
    forked: log.findings.some(({ code }) => code === 'checkpoint.forked' || code === 'checkpoint.shrunk'),
    unconfirmedFrom: unconfirmed.length === 0 ? undefined : Math.min(...unconfirmed),
  };
}

/** That it cannot be read is RecordVerifier's to find. */
function headsIn(data: Uint8Array): HeadsSeen['heads'] {
  try {
    return HeadsSeen.decode(data).heads;
  } catch {
    return [];
  }
}

function withoutService(source: string): Difference {
  const parting = { code: 'source.unknown', position: 1, message: 'the ledger has entries of it', inTree: undefined, inSource: undefined, heads: [] } as const;
  const firstKeys = { differ: false, treeIsKept: undefined, sourceIsKept: undefined };
  return { ...parting, source, ...whoChanged({ ...parting, treeForked: false, unconfirmed: false, feedNotSigned: false, firstKeys }) };
}
