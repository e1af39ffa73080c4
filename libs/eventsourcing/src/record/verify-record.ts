import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import type { Event } from '@tillid/contracts/event/v1/event';
import { leafHash } from '@tillid/transparency';
import { decodeEnvelope, MalformedEvent } from '../event-codec.js';
import { isHeadsSeen } from './heads-seen.js';
import { HeadsTimeline } from './heads-timeline.js';
import { continuationIn, logContinuedType, logsBefore } from './log-continued.js';
import { LogKeysCheck } from './log-keys-check.js';
import type { RecordFinding, RecordFindingCode, RecordSummary } from './record-findings.js';
import { OwnLogsCheck } from './own-logs-check.js';
import { SourceCheck } from './source-check.js';

export interface RecordOptions {
  /** Check that each stream's revisions are dense. Remembers every stream name; default true. */
  readonly streams?: boolean;
  /**
   * So many leaves were in a tree that was seen long enough ago (ten minutes): each must by now stand under a signed head
   * of its source, if anything has been taken in since. Default 0: a record alone cannot say how old its end is. Audit's own
   * last acts wait for another source's next.
   */
  readonly settledLeaves?: number;
  /** The log's name: whether its first entry says the same of a log before it. Left out, that is not looked at. */
  readonly origin?: string;
}

/** An entry as the record places it. */
export interface PlacedEntry {
  readonly leafIndex: number;
  readonly source: string;
  readonly position: number;
  readonly event: Event;
}

const maxFindings = 1000;

/**
 * Checks what a Merkle log alone cannot: that each source's entries are all there, in the source's own order, as the
 * source signed them, and dated. Fed the leaves in order, by `verifyLog`'s onEntry or any reader; trusts nothing else.
 */
export class RecordVerifier {
  readonly timeline = new HeadsTimeline();
  readonly #sources = new Map<string, SourceCheck>();
  readonly #ownLogs = new OwnLogsCheck();
  readonly #logKeys = new LogKeysCheck();
  readonly #findings: RecordFinding[] = [];
  #findingCount = 0;
  #leafIndex = 0;
  /** In a log that continues another: what it says was kept, by source. */
  #kept: ReadonlyMap<string, { readonly position: number; readonly chain: Uint8Array }> = new Map();
  /** Of audit's sources in such a log, the one that was not closed. */
  #recorder: string | undefined;
  /** Of any source but audit: where audit records heads within a second. */
  #lastTakenIn = -1;

  constructor(readonly options: RecordOptions = {}) {}

  /** The next leaf. Undefined when it is no event; the finding is noted. */
  entry(bytes: Uint8Array): PlacedEntry | undefined {
    const leafIndex = this.#leafIndex;
    try {
      const event = decodeEnvelope(bytes);
      if (Number.isNaN(event.occurredAt?.getTime())) throw new MalformedEvent('it says it happened at a time that there is not');
      const hash = leafHash(bytes);
      const source = this.#source(event.source);
      const position = source.entry(event, bytes, hash, leafIndex);
      this.#continued(event, bytes, position);
      this.#kepts(event.source, position, source.chain);
      if (!isAudit(event.source)) this.#lastTakenIn = leafIndex;
      if (isHeadsSeen(event)) this.#headsSeen(event, position);
      const logKeyFault = this.#logKeys.entry(event, leafIndex);
      if (logKeyFault !== undefined) this.#report(logKeyFault.code, logKeyFault.message, event.source, position);
      const ownLogFault = this.#ownLogs.entry(event, hash, leafIndex + 1);
      if (ownLogFault !== undefined) this.#report('own_log.differs', ownLogFault, event.source, position);
      return { leafIndex, source: event.source, position, event };
    } catch (error) {
      this.#report('entry.malformed', error instanceof Error ? error.message : 'not an event', '', 0);
      return undefined;
    } finally {
      this.#leafIndex++;
    }
  }

  /** Whether it is a source of audit's in the log that this one continues: it was closed there, and nobody runs it. */
  isClosed(source: string): boolean {
    return this.#recorder !== undefined && source !== this.#recorder && isAudit(source) && this.#kept.has(source);
  }

  /** As of the last entry fed: a head ahead of the entries is only a finding when no more come. */
  summary(): RecordSummary {
    const sources = [...this.#sources.values()].map((source) => source.summary()).sort((left, right) => (left.source < right.source ? -1 : 1));
    const { settledLeaves = 0 } = this.options;
    const settled = this.#lastTakenIn >= settledLeaves ? settledLeaves : 0;
    const missing = sources.flatMap(({ source, position, headPosition, confirmedPosition, firstUnconfirmedLeaf = Infinity }): RecordFinding[] => [
      ...(headPosition > position ? [{ code: 'head.ahead', message: `the head at ${headPosition} covers entries after ${position}`, leafIndex: this.#leafIndex, source, position: headPosition } as const] : []),
      ...(firstUnconfirmedLeaf < settled && !isAudit(source) ? [{ code: 'entry.unconfirmed', message: 'it was in the tree that was seen before, and no head of its source covers it yet', leafIndex: firstUnconfirmedLeaf, source, position: confirmedPosition + 1 } as const] : []),
    ]);
    const lost = [...this.#kept].flatMap(([source, kept]): RecordFinding[] => {
      const { position = 0 } = sources.find((summary) => summary.source === source) ?? {};
      return position >= kept.position ? [] : [{ code: 'log.kept_differs', message: `${kept.position} entries were kept, and ${position} stand here`, leafIndex: this.#leafIndex, source, position: position + 1 }];
    });
    return { entries: this.#leafIndex, logKeys: this.#logKeys.changes, sources, findings: [...this.#findings, ...missing, ...lost].slice(0, maxFindings), findingCount: this.#findingCount + missing.length + lost.length };
  }

  #headsSeen(event: Event, position: number): void {
    let seen: HeadsSeen;
    try {
      seen = HeadsSeen.decode(event.data);
    } catch {
      return this.#report('heads.malformed', 'its payload cannot be read', event.source, position);
    }
    const positions = new Map(seen.heads.map((head) => [head.source, head.position]));
    if (positions.size !== seen.heads.length) this.#report('heads.malformed', 'it names a source twice', event.source, position);
    if (!this.timeline.add({ timeMs: seen.timeMs, positions })) this.#report('heads.backwards', 'its time or one of its positions is behind the one before, or a source is left out', event.source, position);
    for (const head of seen.heads) this.#source(head.source).head(head, seen.timeMs);
    // In a log that continues another, audit's next source announces itself first, and long before it can be seen.
    for (const source of this.#sources.values()) if (!isAudit(source.source) || numberOf(source.source) <= numberOf(event.source)) source.headsSeen(seen.timeMs);
  }

  #continued(event: Event, bytes: Uint8Array, position: number): void {
    const { origin } = this.options;
    const says = event.type === logContinuedType;
    const differs = (message: string) => this.#report('log.continuation_differs', message, event.source, position);
    if (this.#leafIndex > 0) {
      // The first of a source that was closed: the log before this one continued another as well.
      if (says && !(position === 1 && this.isClosed(event.source))) differs('only the first entry of a log says which log it continues');
      return;
    }
    const continuation = says ? continuationIn(bytes) : undefined;
    if (says && !continuation) differs('what it says of the log before it does not hold together');
    else if (origin !== undefined && (continuation ? continuation.verifier.name !== origin : logsBefore(origin) > 0)) differs(`the log is called ${origin}`);
    if (!continuation) return;
    this.#recorder = event.source;
    this.#ownLogs.recordedBy(event.source);
    this.#kept = new Map(continuation.event.kept.map((kept) => [kept.source, kept]));
  }

  #kepts(source: string, position: number, chain: Uint8Array): void {
    if (this.#recorder === undefined) return;
    const kept = this.#kept.get(source);
    if (kept?.position === position && Buffer.compare(kept.chain, chain) !== 0) this.#report('log.kept_differs', `of the ${position} entries that were kept, some are others`, source, position);
    if (isAudit(source) && source !== this.#recorder && position > (kept?.position ?? 0)) this.#report('log.kept_differs', `it was closed at ${kept?.position ?? 0}`, source, position);
  }

  #source(source: string): SourceCheck {
    const known = this.#sources.get(source);
    if (known) return known;
    const check = new SourceCheck(source, (code, message, position) => this.#report(code, message, source, position), { streams: this.options.streams ?? true });
    this.#sources.set(source, check);
    return check;
  }

  #report(code: RecordFindingCode, message: string, source: string, position: number): void {
    this.#findingCount++;
    if (this.#findings.length < maxFindings) this.#findings.push({ code, message, leafIndex: this.#leafIndex, source, position });
  }
}

function isAudit(source: string): boolean {
  return source.startsWith('audit/');
}

const numberOf = (source: string) => Number(source.split('/')[1]);

/** The whole record at once. */
export async function verifyRecord(entries: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options: RecordOptions = {}): Promise<RecordSummary & { readonly timeline: HeadsTimeline }> {
  const verifier = new RecordVerifier(options);
  for await (const bytes of entries) verifier.entry(bytes);
  return { ...verifier.summary(), timeline: verifier.timeline };
}
