import type { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import type { EventLog } from '@tillid/eventsourcing';
import { auditSource, headsSeenStream, type LoggedEvent } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import { headsToRecord } from '../domain/heads-seen.js';
import { EventSeries } from '../event-series/event-series.js';
import type { Heads } from './heads.js';

/** Once a second: which heads audit has seen, so that every entry gets a date that no source chose. */
export class HeadsRecorder {
  private readonly series: EventSeries<'HeadsSeen'>;

  constructor(private readonly log: EventLog<LoggedEvent>, private readonly heads: Heads) {
    this.series = new EventSeries(log, headsSeenStream, 'HeadsSeen');
  }

  /** Answers whether it recorded anything. */
  async record(): Promise<boolean> {
    const revision = await this.series.length();
    const seen = headsToRecord((await this.series.at(revision))?.event, this.heads.all(), this.log.clock.nowMs());
    return seen !== undefined && this.series.append({ type: 'HeadsSeen', ...seen }, revision, seen.timeMs);
  }

  /** The newest there is. */
  async last(): Promise<HeadsSeen | undefined> {
    return (await this.series.at(await this.series.length()))?.event;
  }

  /** The last HeadsSeen before an instant, by halving: times in the stream only grow. */
  async lastBefore(instantMs: number): Promise<HeadsSeen | undefined> {
    let low = 0;
    let high = await this.series.length();
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (((await this.series.at(middle))?.event.timeMs ?? 0) < instantMs) low = middle;
      else high = middle - 1;
    }
    if (low === 0 && this.log.source !== auditSource) throw refuse('replay.instant_before_log');
    return (await this.series.at(low))?.event;
  }
}
