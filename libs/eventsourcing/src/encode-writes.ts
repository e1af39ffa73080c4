import { Result } from '@tillid/contracts/event/v1/event';
import type { CommandContext } from './command-context.js';
import type { EventLog, Write } from './event-log.js';
import type { Commit } from './event-store.js';
import type { Fold } from './fold-cache.js';
import type { DomainEvent, RecordedEvent } from './recorded-event.js';

export interface DecidedWrite<E extends DomainEvent> {
  readonly streamCommand: Write<E>;
  readonly fold: Fold<any>;
  readonly events: readonly E[];
}

/**
 * The commit of all decided events, and the events as they will be read: decoded from the very bytes, so that a first
 * answer and a repeated one cannot differ. A second attempt makes new ids and salts.
 */
export function encodeWrites<E extends DomainEvent>(
  log: Pick<EventLog<E>, 'codec' | 'source' | 'clock' | 'ids'>,
  context: CommandContext,
  decided: readonly DecidedWrite<E>[],
): { readonly commit: Commit; readonly events: readonly RecordedEvent<E>[] } {
  const commitSize = decided.reduce((sum, { events }) => sum + events.length, 0);
  const occurredAt = new Date(log.clock.nowMs());
  const recorded: RecordedEvent<E>[] = [];

  const writes = decided.map(({ streamCommand, fold, events }) => {
    const encoded = events.map((event, index) => {
      const id = Buffer.from(log.ids.bytes(16));
      const { subject = '', clientId = '', actor, authority, outcome, encrypted } = streamCommand.envelope(event);
      const bytes = log.codec.encode(event, {
        id,
        salt: Buffer.from(log.ids.bytes(16)),
        source: log.source,
        stream: streamCommand.stream,
        revision: fold.revision + index + 1,
        occurredAt,
        subject,
        actor: { onBehalfOf: '', ...actor },
        clientId,
        correlationId: context.correlationId,
        causationId: context.causationId ?? '',
        traceParent: Buffer.from(context.traceParent ?? []),
        authority,
        outcome: outcome ?? { result: Result.OK, reason: '' },
        encrypted: typeof encrypted === 'function' ? encrypted(id) : (encrypted ?? Buffer.alloc(0)),
        commandId: Buffer.from(context.commandId),
        commitIndex: recorded.length,
        commitSize,
      });
      // Its position is not known before it is stored.
      recorded.push(log.codec.decode(bytes, 0)!);
      return bytes;
    });
    return { stream: streamCommand.stream, expectedRevision: fold.revision, events: encoded };
  });

  const reservations = decided.flatMap(({ events }) => events.map((event) => log.codec.reservations(event)));
  const reserve = reservations.flatMap((each) => each.reserve ?? []);
  const release = reservations.flatMap((each) => each.release ?? []);
  const commit = { commandId: context.commandId, fingerprint: context.fingerprint, writes, ...(reserve.length > 0 && { reserve }), ...(release.length > 0 && { release }) };
  return { commit, events: recorded };
}
