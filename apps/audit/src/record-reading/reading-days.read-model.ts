import { projection, readModel, type EventOf } from '@tillid/eventsourcing';
import { logReadEvents } from '../access-log/entry-events.js';

/** Days of citizens who read their log, until the day's number is recorded. */
export interface ReadingDayDocument {
  readonly citizenId: string;
  readonly day: string;
}

const keyOf = ({ citizenId, day }: ReadingDayDocument) => `${citizenId} ${day}`;

export const readingDaysModel = readModel<ReadingDayDocument>({
  name: 'reading-days',
  version: 1,
  key: keyOf,
  indexes: { byDay: ({ day, citizenId }) => [day, citizenId] },
});

export const readingDaysProjection = projection<ReadingDayDocument, EventOf<typeof logReadEvents>>({
  name: 'reading-days',
  model: readingDaysModel,
  events: logReadEvents,
  keys: ({ event }) => [keyOf(event)],
  // The second event of a day is its last.
  apply: (_document, { event, envelope }) => (envelope.revision > 1 ? null : { citizenId: event.citizenId, day: event.day }),
});
