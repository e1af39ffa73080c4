import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import { hashOf, timerContext, type EventLog } from '@tillid/eventsourcing';
import { auditEvents, headsSeenStream, type LoggedEvent } from '../domain/audit.events.js';
import { headsToRecord } from '../domain/heads-seen.js';
import type { Heads } from './heads.js';

/**
 * Once a second: which heads audit has seen, so that every entry gets a date that no source chose. Its stream has an
 * event a second for years: only its last one is ever read, so it has no decider.
 */
export class HeadsRecorder {
  constructor(private readonly log: EventLog<LoggedEvent>, private readonly heads: Heads) {}

  /** Answers whether it recorded anything. */
  async record(): Promise<boolean> {
    const { store, clock, ids, source } = this.log;
    const revision = await store.lastRevision(headsSeenStream);
    const seen = headsToRecord(await this.at(revision), this.heads.all(), clock.nowMs());
    if (seen === undefined) return false;
    const context = timerContext(headsSeenStream, revision + 1);
    const bytes = auditEvents.encode(
      { type: 'HeadsSeen', ...seen },
      {
        id: Buffer.from(ids.bytes(16)), salt: Buffer.from(ids.bytes(16)), source, stream: headsSeenStream, revision: revision + 1,
        occurredAt: new Date(seen.timeMs), subject: '', actor: { kind: ActorKind.SYSTEM, id: 'audit', onBehalfOf: '' }, clientId: '',
        correlationId: context.correlationId, causationId: '', traceParent: Buffer.alloc(0), authority: undefined,
        outcome: { result: Result.OK, reason: '' }, encrypted: Buffer.alloc(0),
        commandId: Buffer.from(context.commandId), commitIndex: 0, commitSize: 1,
      },
    );
    // Another replica may have been first, or the store full: the next second sees more.
    const outcome = await store.append({ commandId: context.commandId, fingerprint: hashOf('heads-seen', HeadsSeen.encode(seen).finish()), writes: [{ stream: headsSeenStream, expectedRevision: revision, events: [bytes] }] });
    return outcome.kind === 'appended' && !outcome.repeated;
  }

  /** The last HeadsSeen before an instant, by halving: times in the stream only grow. */
  async lastBefore(instantMs: number): Promise<HeadsSeen | undefined> {
    let low = 0;
    let high = await this.log.store.lastRevision(headsSeenStream);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (((await this.at(middle))?.timeMs ?? 0) < instantMs) low = middle;
      else high = middle - 1;
    }
    return this.at(low);
  }

  private async at(revision: number): Promise<HeadsSeen | undefined> {
    if (revision === 0) return undefined;
    const [stored] = await this.log.store.readStream(headsSeenStream, revision - 1, 1);
    const recorded = stored && auditEvents.decode(stored.bytes, stored.position);
    return recorded?.event.type === 'HeadsSeen' ? recorded.event : undefined;
  }
}
