import { fold } from '@tillid/eventsourcing';
import type { Authentication } from '../authentication.js';
import type { AuthenticationEvent, AuthenticatorsEvent } from '../domain/authentication.events.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { streams } from '../domain/streams.js';
import { citizenOfRecord } from './sealed-vault.js';

type Needs = Pick<Authentication, 'log' | 'vault'>;

/** Old passwords, used letters and replaced cards are worth stealing and good for nothing. */
export async function forgetSuperseded(service: Needs, citizenId: string): Promise<void> {
  const { named, live } = await recordsOf(service, citizenId);
  await service.vault.delete([...named].filter((id) => !live.has(id)));
}

const dayMs = 24 * 3_600_000;
const pageSize = 500;

/**
 * What a crash left: records put a day ago or earlier that no event names, or that no longer count. Says how many.
 * A record an event is about to name is younger than that.
 */
export async function sweepVault(service: Pick<Authentication, 'clock' | 'log' | 'vault'>, signal: AbortSignal): Promise<number> {
  let swept = 0;
  let after: string | undefined;
  for (;;) {
    const ids = await service.vault.list(service.clock.nowMs() - dayMs, after, pageSize);
    for (const [citizenId, own] of Map.groupBy(ids, citizenOfRecord)) {
      if (signal.aborted) return swept;
      const { live } = await recordsOf(service, citizenId);
      const dead = own.filter((id) => !live.has(id));
      await service.vault.delete(dead);
      swept += dead.length;
    }
    if (ids.length < pageSize) return swept;
    after = ids.at(-1);
  }
}

async function recordsOf({ log }: Pick<Authentication, 'log'>, citizenId: string) {
  const events = (await log.events(streams.authenticators(citizenId))) as AuthenticatorsEvent[];
  const { activation, cardInUse, cardWaiting, passwordId } = fold(authenticators, events);
  const live = new Set([activation?.verifierId, passwordId, cardInUse?.codesId, cardWaiting?.codesId]);
  return { live, named: new Set(events.flatMap(recordNamedBy)) };
}

/** The vault record an event names, if any. */
export function recordNamedBy(event: AuthenticationEvent): string[] {
  switch (event.type) {
    case 'ActivationCodeIssued':
      return [event.verifierId];
    case 'PasswordSet':
      return [event.passwordId];
    case 'CodeCardIssued':
      return [event.codesId];
    default:
      return [];
  }
}
