import type { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import type { EventLog, EventStore } from '@tillid/eventsourcing';
import { auditEvents, closedBefore, headsSeenStream, type LoggedEvent } from '../domain/audit.events.js';
import { headsToRecord } from '../domain/heads-seen.js';
import { EventSeries } from '../event-series/event-series.js';
import type { Heads } from './heads.js';

/** So many events are read at once to find a HeadsSeen among them: it is every second or third. */
const pageSize = 32;

/** Once a second: which heads audit has seen, so that every entry gets a date that no source chose. */
export class HeadsRecorder {
  private readonly series: EventSeries<'HeadsSeen'>;

  /** `ledger`: has what audit recorded in the logs before this one, if there were any. */
  constructor(private readonly log: EventLog<LoggedEvent>, private readonly heads: Heads, private readonly ledger?: Pick<EventStore, 'lastRevision' | 'readStream'>) {
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
    const own = await lastBefore(instantMs, await this.series.length(), async (revision) => (await this.series.at(revision))?.event);
    if (own) return own;
    for (const source of closedBefore(this.log.source)) {
      const former = await lastBefore(instantMs, (await this.ledger?.lastRevision(source)) ?? 0, (position) => this.formerAt(source, position));
      if (former) return former;
    }
    return undefined;
  }

  /** The last one at or before a position of a source that was closed. */
  private async formerAt(source: string, position: number): Promise<HeadsSeen | undefined> {
    for (let end = position; end > 0; end -= pageSize) {
      const page = (await this.ledger?.readStream(source, Math.max(0, end - pageSize), Math.min(pageSize, end))) ?? [];
      for (const { bytes, position: at } of page.toReversed()) {
        const event = auditEvents.decode(bytes, at)?.event;
        if (event?.type === 'HeadsSeen') return event;
      }
    }
    return undefined;
  }
}

async function lastBefore(instantMs: number, count: number, at: (place: number) => Promise<HeadsSeen | undefined>): Promise<HeadsSeen | undefined> {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (((await at(middle))?.timeMs ?? 0) < instantMs) low = middle;
    else high = middle - 1;
  }
  return at(low);
}
