import { contextForClient } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import type { Authentication } from '../authentication.js';
import type { AbandonReason } from '../domain/authentication.events.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { signIn } from '../domain/sign-in.decider.js';
import { streams } from '../domain/streams.js';
import { write } from '../log/authentication-log.js';
import { bySystem, signInEnvelope } from '../log/envelopes.js';
import type { OpenSignIn, SignInCitizen } from './open-sign-ins.js';

/** What was shown counts only while the citizen may sign in and the key is the one it was shown for. */
export async function whyNoLongerGood({ citizens, log }: Authentication, { citizenId, generation }: SignInCitizen): Promise<AbandonReason | undefined> {
  const [{ open }, keys] = await Promise.all([citizens.now(citizenId), log.state(authenticators, streams.authenticators(citizenId))]);
  if (!open) return 'citizen_blocked';
  return keys.status === 'active' && keys.generation === generation ? undefined : 'key_changed';
}

/** Recorded once: a sign-in that ended, or was done already, stays as it is. */
export async function abandonInRecord({ log }: Authentication, { beginner, signInId }: OpenSignIn, pseudonym: string, reason: AbandonReason, call: Call): Promise<void> {
  const handled = await log.handle(contextForClient(call.context(`abandon ${reason}`), beginner.id), [
    write({ stream: streams.signIn(signInId), decider: signIn, command: { type: 'Abandon', signInId, reason }, envelope: signInEnvelope(beginner.id, pseudonym, bySystem) }),
  ]);
  call.wrotePosition(handled.position);
}
