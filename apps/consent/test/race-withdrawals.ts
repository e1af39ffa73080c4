import { setImmediate as turn } from 'node:timers/promises';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { Refused } from '@tillid/kernel';
import type { ConsentTown } from './consent-town.js';

const atOnce = 20;

/** Citizens withdraw while the provider asks. Counted from the log: yeses before the withdrawal, after it, and noes. */
export async function raceWithdrawals(town: ConsentTown, races: number) {
  for (let first = 0; first < races; first += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, races - first) }, (_, index) => raceOnce(town, first + index)));
  }
  return countFromTheLog(town);
}

async function raceOnce(town: ConsentTown, race: number): Promise<void> {
  const { citizenId, consentId } = await town.consenting('identity');
  const shareId = await town.share(consentId);
  const authorize = async (): Promise<void> => {
    try {
      await town.register.call(ConsentServiceService.authorizeShare, { idempotencyKey: town.newKey(), shareId, receiverId: 'egebaek' });
    } catch (error) {
      if (!(error instanceof Refused && error.code === 'consent.withdrawn')) throw error;
    }
  };
  // A different head start each time, so that the two meet at every step.
  const afterTurns = async (turns: number, act: () => Promise<void>): Promise<void> => {
    for (let done = 0; done < turns; done++) await turn();
    await act();
  };
  await Promise.all([afterTurns(race % 4, () => town.withdraw(consentId, citizenId)), afterTurns((race >> 2) % 4, authorize)]);
}

async function countFromTheLog(town: ConsentTown) {
  const withdrawnAt = new Map<string, number>();
  const counted = { before: 0, after: 0, refused: 0 };
  for (const { event, envelope, position } of await town.events()) {
    if (event.type === 'ConsentWithdrawn') withdrawnAt.set(envelope.stream, position);
    if (event.type === 'ShareRefused') counted.refused++;
    if (event.type === 'ShareAuthorized') counted[withdrawnAt.has(envelope.stream) ? 'after' : 'before']++;
  }
  return { ...counted, withdrawn: withdrawnAt.size };
}
