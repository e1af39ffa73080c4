import type { Decider } from '@tillid/eventsourcing';
import type { AuditEvent } from './audit.events.js';

type ReplayEvent = Extract<AuditEvent, { type: 'LogReplayed' }>;

export interface RecordedReplay {
  /** Undefined: never begun. */
  readonly fromPosition?: number;
}

export interface ReplayLog {
  readonly type: 'ReplayLog';
  readonly replayId: string;
  readonly fromPosition: number;
  /** Kinds of filter, no values. */
  readonly filteredBy: string[];
  /** 0: no instant. */
  readonly untilMs: number;
}

/** Reading the log is one event that everyone sees, however often its stream breaks and is resumed. */
export const replay: Decider<ReplayLog, RecordedReplay, ReplayEvent> = {
  initial: {},
  decide: ({ replayId, fromPosition, filteredBy, untilMs }, state) => (state.fromPosition === undefined ? [{ type: 'LogReplayed', replayId, fromPosition, filteredBy, untilMs }] : []),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'LogReplayed':
        return { fromPosition: event.fromPosition };
    }
  },
};
