import { concernEveryone, occurredAtMs, projection, readModel } from '@tillid/eventsourcing';
import { entryEvents, type EntryEvent } from './entry-events.js';

/** What an access log shows of an entry. In whose log it stands, and where, is for own-log to say. */
export interface EntryDocument {
  readonly leafIndex: number;
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
  version: 2,
  key: ({ leafIndex }) => String(leafIndex),
  indexes: {},
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
