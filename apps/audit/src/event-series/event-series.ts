import { ActorKind, Result, type Actor } from '@tillid/contracts/event/v1/event';
import { decodeEnvelope, hashOf, timerContext, type EventLog } from '@tillid/eventsourcing';
import { auditEvents, type AuditEvent, type LoggedEvent } from '../domain/audit.events.js';

/** A stream of audit's own with an event a second, for years: only its last ones are ever read, so it has no decider. */
export class EventSeries<Type extends AuditEvent['type']> {
  constructor(private readonly log: EventLog<LoggedEvent>, readonly stream: string, private readonly type: Type) {}

  /** How many there are: the revision of the last. */
  length(): Promise<number> {
    return this.log.store.lastRevision(this.stream);
  }

  async at(revision: number): Promise<{ readonly event: Extract<AuditEvent, { type: Type }>; readonly position: number; readonly bytes: Uint8Array } | undefined> {
    if (revision === 0) return undefined;
    const [stored] = await this.log.store.readStream(this.stream, revision - 1, 1);
    const recorded = stored && auditEvents.decode(stored.bytes, stored.position);
    return recorded?.event.type === this.type ? { event: recorded.event as Extract<AuditEvent, { type: Type }>, position: recorded.position, bytes: recorded.bytes } : undefined;
  }

  /** After what stands at `revision`. False when another replica was first, or the store full: the next second sees more. */
  async append(event: Extract<AuditEvent, { type: Type }>, revision: number, atMs: number, actor: Actor = { kind: ActorKind.SYSTEM, id: 'audit', onBehalfOf: '' }): Promise<boolean> {
    const { store, ids, source } = this.log;
    const context = timerContext(this.stream, revision + 1);
    const bytes = auditEvents.encode(event, {
      id: Buffer.from(ids.bytes(16)), salt: Buffer.from(ids.bytes(16)), source, stream: this.stream, revision: revision + 1,
      occurredAt: new Date(atMs), subject: '', actor, clientId: '',
      correlationId: context.correlationId, causationId: '', traceParent: Buffer.alloc(0), authority: undefined,
      outcome: { result: Result.OK, reason: '' }, encrypted: Buffer.alloc(0),
      commandId: Buffer.from(context.commandId), commitIndex: 0, commitSize: 1,
    });
    const outcome = await store.append({ commandId: context.commandId, fingerprint: hashOf(this.stream, decodeEnvelope(bytes).data), writes: [{ stream: this.stream, expectedRevision: revision, events: [bytes] }] });
    return outcome.kind === 'appended' && !outcome.repeated;
  }
}
