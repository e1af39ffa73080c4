import type { Decider } from '@tillid/eventsourcing';
import type { AuditEvent } from './audit.events.js';

type ReadingEvent = Extract<AuditEvent, { type: 'AccessLogRead' | 'EntriesRead' }>;

/** A citizen reads their own log; an auditor reads entries of anyone. */
export interface Reader {
  readonly kind: 'citizen' | 'auditor';
  readonly id: string;
}

export interface LogReading {
  readonly recorded: 'nothing' | 'first' | 'whole_day';
}

export type LogReadingCommand =
  | { readonly type: 'ReadLog'; readonly reader: Reader; readonly day: string }
  /** `readings`: how often the log was read that day in all. */
  | { readonly type: 'CloseDay'; readonly reader: Reader; readonly day: string; readonly readings: number; readonly today: string };

/** One reader's readings of one day: the first at once, the others as one number when the day is over. */
export const logReading: Decider<LogReadingCommand, LogReading, ReadingEvent> = {
  initial: { recorded: 'nothing' },
  decide(command, state) {
    const { reader, day } = command;
    switch (command.type) {
      case 'ReadLog':
        return state.recorded === 'nothing' ? [eventOf(reader, day, 1)] : [];
      case 'CloseDay':
        // The first was recorded on its own; a day that is not over, or was closed before, is left alone.
        if (state.recorded !== 'first' || command.readings < 2 || command.today <= day) return [];
        return [eventOf(reader, day, command.readings - 1)];
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'AccessLogRead':
      case 'EntriesRead':
        return { recorded: state.recorded === 'nothing' ? 'first' : 'whole_day' };
    }
  },
};

function eventOf({ kind, id }: Reader, day: string, count: number): ReadingEvent {
  return kind === 'citizen' ? { type: 'AccessLogRead', citizenId: id, day, count } : { type: 'EntriesRead', auditorId: id, day, count };
}

export function readerOf(event: ReadingEvent): Reader {
  return event.type === 'AccessLogRead' ? { kind: 'citizen', id: event.citizenId } : { kind: 'auditor', id: event.auditorId };
}

export const dayMs = 86_400_000;

/** UTC day, as "2026-11-24". */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
