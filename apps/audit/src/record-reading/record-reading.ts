import { ActorKind } from '@tillid/contracts/event/v1/event';
import { handle, timerContext, type ExpiringStore } from '@tillid/eventsourcing';
import type { Call, CommandContext } from '@tillid/service';
import type { AuditRoom } from '../audit.room.js';
import { entriesReadStream, logReadStream } from '../domain/audit.events.js';
import { dayMs, dayOf, logReading, type LogReadingCommand, type Reader } from '../domain/log-reading.js';

/** A day whose number could not be recorded for so long keeps its first reading only. */
const countsKeptMs = 35 * dayMs;
/** Readings that began before midnight are counted by then. */
const graceMs = 60_000;

type ReadingRoom = Pick<AuditRoom, 'log' | 'readings'>;

/** Reading one's own log is an event in it: before anything is answered. */
export function recordReading(room: ReadingRoom, call: Pick<Call, 'contextOf'>, citizenId: string): Promise<void> {
  const day = dayOf(room.log.clock.nowMs());
  return record(room, call.contextOf('log-reading', citizenId, day), { kind: 'citizen', id: citizenId }, day);
}

/** An auditor reading entries, by rpc or as bundles, is an event that everyone sees: before anything is answered. */
export function recordAuditing(room: ReadingRoom, auditorId: string): Promise<void> {
  const day = dayOf(room.log.clock.nowMs());
  return record(room, timerContext(entriesReadStream(auditorId, day), Date.parse(day)), { kind: 'auditor', id: auditorId }, day);
}

async function record({ log, readings }: ReadingRoom, context: CommandContext, reader: Reader, day: string): Promise<void> {
  await handle(log, context, [readingOf({ type: 'ReadLog', reader, day })]);
  // A crash here leaves this reading out of the day's number: it was not answered.
  await countReading(readings, counterKey(reader, day), log.clock.nowMs());
}

/** Records the number of every day that is over. May come again, from any replica: a day is closed once. */
export async function closeDays(room: ReadingRoom & Pick<AuditRoom, 'readingDays'>): Promise<void> {
  const nowMs = room.log.clock.nowMs();
  const today = dayOf(nowMs - graceMs);
  let after: readonly (string | number)[] | undefined = [dayOf(nowMs - countsKeptMs), '', ''];
  while (after !== undefined) {
    const page: Awaited<ReturnType<typeof room.readingDays.page>> = await room.readingDays.page({ index: 'byDay', after, limit: 200 });
    for (const { reader, day } of page.documents) {
      if (day >= today) return;
      const counter = await room.readings.get(counterKey(reader, day), nowMs);
      const readings = counter === undefined ? 0 : Buffer.from(counter.value).readUInt32BE(0);
      if (readings < 2) continue;
      await handle(room.log, timerContext(streamOf(reader, day), Date.parse(day) + dayMs), [readingOf({ type: 'CloseDay', reader, day, readings, today })]);
    }
    after = page.next;
  }
}

function readingOf(command: LogReadingCommand) {
  const { reader: { kind, id }, day } = command;
  return {
    stream: streamOf(command.reader, day),
    decider: logReading,
    command,
    envelope: () => (kind === 'citizen' ? { subject: id, actor: { kind: ActorKind.CITIZEN, id } } : { actor: { kind: ActorKind.AUDITOR, id } }),
  };
}

function streamOf({ kind, id }: Reader, day: string): string {
  return kind === 'citizen' ? logReadStream(id, day) : entriesReadStream(id, day);
}

const counterKey = ({ kind, id }: Reader, day: string) => `readings ${day} ${kind} ${id}`;
const racesMax = 10;

async function countReading(readings: ExpiringStore, key: string, nowMs: number): Promise<void> {
  for (let race = 0; race < racesMax; race += 1) {
    const counter = await readings.get(key, nowMs);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(Math.min((counter ? Buffer.from(counter.value).readUInt32BE(0) : 0) + 1, 0xffff_ffff));
    if ((await readings.compareAndSet(key, counter?.version ?? 0, count, nowMs + countsKeptMs, nowMs)) !== undefined) return;
  }
}
