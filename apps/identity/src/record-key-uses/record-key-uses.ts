import { handle, timerContext } from '@tillid/eventsourcing';
import { citizenKey } from '../domain/citizen-key.decider.js';
import { citizenKeyStream } from '../domain/streams.js';
import type { IdentityParts } from '../identity.parts.js';
import type { KeyUseCounts, KeyUses } from '../key-ring/citizen-key-records.js';
import { dayMs, utcDay } from '../domain/utc-day.js';
import { serviceActor } from '../key-ring/key-use.js';

const usesAtATime = 500;
/** A use begun before midnight may be counted a little after it; its day is not over until then. */
const graceMs = 10 * 60_000;

/**
 * The rest of each day that is over, one event per citizen and service. The command follows from citizen, service and
 * day, so a crash between the event and the removal of the count, or a second process, records nothing twice.
 */
export async function recordKeyUses({ log }: Pick<IdentityParts, 'log'>, counts: KeyUseCounts, nowMs: number): Promise<void> {
  const today = utcDay(nowMs - graceMs);
  for (;;) {
    const over = await counts.before(today, usesAtATime);
    if (over.length === 0) return;
    for (const uses of over) await recordRest(log, uses);
    await counts.remove(over);
  }
}

async function recordRest(log: IdentityParts['log'], { citizenId, service, day, count }: KeyUses): Promise<void> {
  const context = timerContext(`key-uses ${citizenId} ${service}`, Date.parse(`${day}T00:00:00Z`) + dayMs);
  const envelope = () => ({ subject: citizenId, actor: serviceActor(service) });
  const command = { type: 'CountKeyUses', citizenId, service, day, count } as const;
  await handle(log, context, [{ stream: citizenKeyStream(citizenId), decider: citizenKey, command, envelope }]);
}
