import type { Decider } from '@tillid/eventsourcing';
import type { AuditEvent } from './audit.events.js';

type LogReadingEvent = Extract<AuditEvent, { type: 'AccessLogRead' }>;

export interface LogReading {
  readonly recorded: 'nothing' | 'first' | 'whole_day';
}

export type LogReadingCommand =
  | { readonly type: 'ReadLog'; readonly citizenId: string; readonly day: string }
  /** `readings`: how often the log was read that day in all. */
  | { readonly type: 'CloseDay'; readonly citizenId: string; readonly day: string; readonly readings: number; readonly today: string };

/** One's own readings of one day: the first at once, the others as one number when the day is over. */
export const logReading: Decider<LogReadingCommand, LogReading, LogReadingEvent> = {
  initial: { recorded: 'nothing' },
  decide(command, state) {
    const { citizenId, day } = command;
    switch (command.type) {
      case 'ReadLog':
        return state.recorded === 'nothing' ? [{ type: 'AccessLogRead', citizenId, day, count: 1 }] : [];
      case 'CloseDay':
        // The first was recorded on its own; a day that is not over, or was closed before, is left alone.
        if (state.recorded !== 'first' || command.readings < 2 || command.today <= day) return [];
        return [{ type: 'AccessLogRead', citizenId, day, count: command.readings - 1 }];
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'AccessLogRead':
        return { recorded: state.recorded === 'nothing' ? 'first' : 'whole_day' };
    }
  },
};

/** UTC day, as "2026-11-24". */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
