import { HeadsSeen, type KeptSource } from '@tillid/contracts/audit/v1/events';
import { decodeEnvelope, emptyChain, nextChain, RecordVerifier, type RecordFinding, type RecordSummary, type SourceSummary } from '@tillid/eventsourcing';
import { auditEvents } from '../domain/audit.events.js';
import { entriesOf, type OldLog } from './old-log.js';
import { OpeningRefused } from './opening-refused.js';

export interface KeptEntries {
  /** In their order in the old log; then what audit's own log has beyond that. As often as it is asked for. */
  entries(): AsyncIterable<Uint8Array>;
  readonly sources: readonly KeptSource[];
  /** Of audit's own source, closed there. */
  readonly own: SourceSummary | undefined;
  /** What audit recorded last: the new log's times and positions never go behind it. */
  readonly lastSeen: HeadsSeen | undefined;
}

const headsSeenType = auditEvents.fullName('HeadsSeen');
const pageSize = 1000;
/** These say that an entry is not its source's, and so nothing from there on is kept. Others are kept, and found again by whoever verifies. */
const broken: ReadonlySet<RecordFinding['code']> = new Set(['entry.malformed', 'head.chain_differs', 'head.not_signed']);

/**
 * What is still there of a log of this size and can stand in another: its entries up to the first that is not its source's, and of
 * audit's own log all that can be put under a last signed head. `hasKey`: whether audit's source can still sign with a key it announced.
 */
export async function keptEntries(old: OldLog, size: number, source: string, hasKey: (publicKey: Uint8Array) => boolean): Promise<KeptEntries> {
  const beginning = await soundBeginning(old, size);
  const ofLedger = () => firstOf(entriesOf(old, size), beginning.entries);
  const inLedger = sourceIn(beginning, source);
  const ownInLedger = inLedger?.position ?? 0;
  await requireSameLog(old, inLedger);
  const all = async function* () {
    yield* ofLedger();
    yield* ownLog(old, ownInLedger);
  };
  const { summary: ofAll, lastSeen } = await followed(all());
  let summary = ofAll;
  let entries: KeptEntries['entries'] = all;
  const own = sourceIn(summary, source);
  if (own && !hasKey(own.keys.at(-1) ?? emptyChain)) {
    // Nobody can sign for the last of them any more: they would stand under no head for ever.
    entries = () => withoutBeyond(all(), source, own.confirmedPosition);
    ({ summary } = await followed(entries()));
  }
  return { entries, sources: summary.sources.filter(({ position }) => position > 0).map(({ source: name, position, chain }) => ({ source: name, position, chain })), own: sourceIn(summary, source), lastSeen };
}

/** The entries before the first source whose entries are not those it signed: up to what its last good head covers. */
async function soundBeginning(old: OldLog, size: number): Promise<RecordSummary> {
  const { summary } = await followed(entriesOf(old, size));
  const first = summary.findings.find(({ code }) => broken.has(code));
  if (!first) return summary;
  const { summary: before } = await followed(firstOf(entriesOf(old, size), first.leafIndex + 1));
  const count = Math.min(first.leafIndex, ...before.sources.filter(({ source }) => !source.startsWith('audit/')).map(({ firstUnconfirmedLeaf = Infinity }) => firstUnconfirmedLeaf));
  return (await followed(firstOf(entriesOf(old, size), count))).summary;
}

async function followed(entries: AsyncIterable<Uint8Array>): Promise<{ summary: RecordSummary; lastSeen: HeadsSeen | undefined }> {
  const verifier = new RecordVerifier({ streams: false });
  let lastSeen: HeadsSeen | undefined;
  for await (const bytes of entries) {
    const event = verifier.entry(bytes)?.event;
    if (event?.type === headsSeenType && event.source.startsWith('audit/')) lastSeen = HeadsSeen.decode(event.data);
  }
  return { summary: verifier.summary(), lastSeen };
}

const sourceIn = ({ sources }: RecordSummary, name: string): SourceSummary | undefined => sources.find(({ source }) => source === name);

/** What the ledger has of audit's acts is the beginning of audit's own log, or that log is shorter. */
async function requireSameLog({ events }: OldLog, inLedger: SourceSummary | undefined): Promise<void> {
  if (!inLedger || (await events.head()).position < inLedger.position) return;
  let chain: Uint8Array = emptyChain;
  for (let position = 0; position < inLedger.position; ) {
    const page = await events.readAll(position, Math.min(pageSize, inLedger.position - position));
    chain = page.reduce<Uint8Array>((soFar, { bytes }) => nextChain(soFar, bytes), chain);
    position += page.length;
  }
  if (!inLedger.chain.equals(chain)) throw new OpeningRefused('origin.own_log_differs', "audit's own log is not the one its ledger has: two copies that do not belong together");
}

async function* ownLog({ events }: OldLog, after: number): AsyncGenerator<Uint8Array> {
  for (let position = after; ; ) {
    const page = await events.readAll(position, pageSize);
    if (page.length === 0) return;
    for (const { bytes } of page) yield bytes;
    position += page.length;
  }
}

async function* firstOf(entries: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  if (left === 0) return;
  for await (const entry of entries) {
    yield entry;
    if (--left === 0) return;
  }
}

async function* withoutBeyond(entries: AsyncIterable<Uint8Array>, source: string, position: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const entry of entries) {
    if (decodeEnvelope(entry).source !== source) yield entry;
    else if (++at <= position) yield entry;
  }
}
