import { projection, readModel, type EventOf } from '@tillid/eventsourcing';
import { readingEvents } from '../access-log/entry-events.js';
import { readerOf, type Reader } from '../domain/log-reading.js';

/** Days on which somebody read, until the day's number is recorded. */
export interface ReadingDayDocument {
  readonly reader: Reader;
  readonly day: string;
}

const keyOf = ({ reader: { kind, id }, day }: ReadingDayDocument) => `${kind} ${id} ${day}`;

export const readingDaysModel = readModel<ReadingDayDocument>({
  name: 'reading-days',
  version: 2,
  key: keyOf,
  indexes: { byDay: ({ day, reader: { kind, id } }) => [day, kind, id] },
});

export const readingDaysProjection = projection<ReadingDayDocument, EventOf<typeof readingEvents>>({
  name: 'reading-days',
  model: readingDaysModel,
  events: readingEvents,
  keys: ({ event }) => [keyOf({ reader: readerOf(event), day: event.day })],
  // The second event of a day is its last.
  apply: (_document, { event, envelope }) => (envelope.revision > 1 ? null : { reader: readerOf(event), day: event.day }),
});
