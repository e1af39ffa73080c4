import { occurredAtMs, projection, readModel } from '@tillid/eventsourcing';
import { concernEveryone, entryEvents, everyone, type EntryEvent } from './entry-events.js';

/** One line of someone's access log. Keyed by the subject as it was written: the links are joined when it is read. */
export interface EntryDocument {
  readonly leafIndex: number;
  readonly subject: string;
  readonly occurredAtMs: number;
  readonly type: string;
  readonly actor: { readonly kind: number; readonly id: string; readonly onBehalfOf: string };
  readonly clientId: string;
  readonly authority?: { readonly basis: string; readonly purpose: string };
  readonly outcome: { readonly result: number; readonly reason: string };
  readonly attributes: readonly string[];
  readonly source: string;
  readonly correlationId: string;
}

export const entriesModel = readModel<EntryDocument>({
  name: 'access-entries',
  version: 1,
  key: ({ leafIndex }) => String(leafIndex),
  indexes: { bySubject: ({ subject, leafIndex }) => [subject, leafIndex] },
});

export const entriesProjection = projection<EntryDocument, EntryEvent>({
  name: 'access-entries',
  model: entriesModel,
  events: entryEvents,
  keys: ({ envelope, position }) => (envelope.subject !== '' || concernEveryone.has(envelope.type) ? [String(position - 1)] : []),
  apply: (_document, recorded) => {
    const { envelope, event, position } = recorded;
    const { authority, actor, outcome } = envelope;
    return {
      leafIndex: position - 1,
      subject: envelope.subject === '' ? everyone : envelope.subject,
      occurredAtMs: occurredAtMs(recorded),
      type: envelope.type,
      actor: { kind: actor?.kind ?? 0, id: actor?.id ?? '', onBehalfOf: actor?.onBehalfOf ?? '' },
      clientId: envelope.clientId,
      ...(authority !== undefined && { authority: { basis: authority.basis, purpose: authority.purpose } }),
      outcome: { result: outcome?.result ?? 0, reason: outcome?.reason ?? '' },
      attributes: event.attributes,
      source: envelope.source,
      correlationId: envelope.correlationId,
    };
  },
});
