import type { EventLog, ProgressBook } from '@tillid/eventsourcing';
import { ledgerSource, ownLogHeadsStream, type LoggedEvent } from '../domain/audit.events.js';
import { EventSeries } from '../event-series/event-series.js';
import { ownLogsName } from './own-log.consumer.js';
import type { OwnLogMap } from './own-log-map.js';

export interface CommittedHeads {
  readonly ledgerPosition: number;
  readonly root: Uint8Array;
  readonly bytes: Uint8Array;
  /** Of the event, in audit's own log. */
  readonly position: number;
}

/**
 * Commits every own log's head in the log itself. The map may be ahead of what is committed for a moment, and after a
 * crash or a full store for longer: the next second commits it, or what came of it since.
 */
export class OwnLogHeadsRecorder {
  private readonly series: EventSeries<'OwnLogHeads'>;

  constructor(private readonly log: EventLog<LoggedEvent>, private readonly book: ProgressBook, private readonly map: OwnLogMap) {
    this.series = new EventSeries(log, ownLogHeadsStream, 'OwnLogHeads');
  }

  /** Answers whether it recorded anything: not when no log went on, or its own event would make the next. */
  async record(): Promise<boolean> {
    const revision = await this.series.length();
    const last = (await this.series.at(revision))?.event;
    const { position } = this.book.line(ownLogsName, ledgerSource);
    if (position <= (last?.ledgerPosition ?? 0)) return false;
    await this.map.advanceTo(position);
    const { root, count, position: ledgerPosition } = this.map;
    if (ledgerPosition < position || count === 0 || (last !== undefined && root.equals(last.root))) return false;
    return this.series.append({ type: 'OwnLogHeads', ledgerPosition, root, logs: count }, revision, this.log.clock.nowMs());
  }

  async last(): Promise<CommittedHeads | undefined> {
    const recorded = await this.series.at(await this.series.length());
    return recorded && { ledgerPosition: recorded.event.ledgerPosition, root: recorded.event.root, bytes: recorded.bytes, position: recorded.position };
  }
}
