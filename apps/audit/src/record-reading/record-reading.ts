import { ActorKind } from '@tillid/contracts/event/v1/event';
import { handle, timerContext, type ExpiringStore } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { logReadStream } from '../domain/audit.events.js';
import { dayOf, logReading, type LogReadingCommand } from '../domain/log-reading.js';

const dayMs = 24 * 60 * 60 * 1000;
/** A day whose number could not be recorded for so long keeps its first reading only. */
const countsKeptMs = 35 * dayMs;
/** Readings that began before midnight are counted by then. */
const graceMs = 60_000;

type ReadingRoom = Pick<AuditRoom, 'log' | 'readings' | 'readingDays'>;

/** Reading a log is an event in it: before anything is answered. */
export async function recordReading(room: ReadingRoom, call: Pick<Call, 'contextOf'>, citizenId: string): Promise<void> {
  const nowMs = room.log.clock.nowMs();
  const day = dayOf(nowMs);
  await handle(room.log, call.contextOf('log-reading', citizenId, day), [readingOf({ type: 'ReadLog', citizenId, day })]);
  // A crash here leaves this reading out of the day's number: it was not answered.
  await countReading(room.readings, counterKey(citizenId, day), nowMs);
}

/** Records the number of every day that is over. May come again, from any replica: a day is closed once. */
export async function closeDays(room: ReadingRoom): Promise<void> {
  const nowMs = room.log.clock.nowMs();
  const today = dayOf(nowMs - graceMs);
  let after: readonly (string | number)[] | undefined = [dayOf(nowMs - countsKeptMs), ''];
  while (after !== undefined) {
    const page: Awaited<ReturnType<typeof room.readingDays.page>> = await room.readingDays.page({ index: 'byDay', after, limit: 200 });
    for (const { citizenId, day } of page.documents) {
      if (day >= today) return;
      const counter = await room.readings.get(counterKey(citizenId, day), nowMs);
      const readings = counter === undefined ? 0 : Buffer.from(counter.value).readUInt32BE(0);
      if (readings < 2) continue;
      await handle(room.log, timerContext(logReadStream(citizenId, day), Date.parse(day) + dayMs), [readingOf({ type: 'CloseDay', citizenId, day, readings, today })]);
    }
    after = page.next;
  }
}

function readingOf(command: LogReadingCommand) {
  const { citizenId, day } = command;
  return {
    stream: logReadStream(citizenId, day),
    decider: logReading,
    command,
    envelope: () => ({ subject: citizenId, actor: { kind: ActorKind.CITIZEN, id: citizenId } }),
  };
}

const counterKey = (citizenId: string, day: string) => `readings ${day} ${citizenId}`;
const racesMax = 10;

async function countReading(readings: ExpiringStore, key: string, nowMs: number): Promise<void> {
  for (let race = 0; race < racesMax; race += 1) {
    const counter = await readings.get(key, nowMs);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(Math.min((counter ? Buffer.from(counter.value).readUInt32BE(0) : 0) + 1, 0xffff_ffff));
    if ((await readings.compareAndSet(key, counter?.version ?? 0, count, nowMs + countsKeptMs, nowMs)) !== undefined) return;
  }
}
