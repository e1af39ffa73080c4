import type { ChangePasswordReply, ChangePasswordRequest } from '@tillid/contracts/authentication/v1/service';
import { type Call, citizenOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import { levelReached } from '../domain/assurance.js';
import { refuse, refuseCall } from '../domain/authentication.refusals.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { passwordTooWeak } from '../domain/password.js';
import { streams } from '../domain/streams.js';
import { typed } from '../fields.js';
import { write } from '../log/authentication-log.js';
import { aboutCitizen } from '../log/envelopes.js';
import { decodePasswordRecord, encodePasswordRecord } from '../vault/password-record.js';

const request = z.object({ oldPassword: typed, newPassword: typed });

/** Who is signed in has a pool of tries of its own, like a known device: nobody outside can use it up. */
const ownRooms = 'own-rooms';

/** Ends every session, this one too: whoever had the old password may hold one of them. */
export async function changePassword({ citizens, hashes, log, tries, vault }: Authentication, wire: ChangePasswordRequest, call: Call): Promise<ChangePasswordReply> {
  const { oldPassword, newPassword } = parseRequest(request, wire);
  const { level, subject: citizenId } = citizenOf(call);
  // Who stole a password must not be able to lock its owner out with it: whoever could have shown a code has to.
  if (level < levelReached((await citizens.now(citizenId)).proof, 'code_card')) throw refuseCall('call.not_allowed');
  const stream = streams.authenticators(citizenId);
  const first = await log.first(call.context());
  if (first) return {};

  const { userId: account, passwordId } = await log.state(authenticators, stream);
  if (account === undefined || passwordId === undefined) throw refuse('password.wrong');
  const guesser = { account, device: ownRooms };
  const { right, userId } = await tries.guess('password', guesser, async () => {
    const record = await vault.get(citizenId, passwordId, call.deadlineMs);
    const { hash, userId: own } = record ? decodePasswordRecord(record) : { hash: undefined, userId: '' };
    return { right: await hashes.fits('known', oldPassword, hash), userId: own };
  });
  if (!right) throw refuse('password.wrong');
  await tries.reset('password', guesser);
  if (passwordTooWeak(newPassword, userId) || newPassword === oldPassword) throw refuse('password.too_weak');

  const newHash = await hashes.make('known', newPassword);
  const newId = await vault.put(citizenId, 'password', encodePasswordRecord({ hash: newHash, userId }), call.deadlineMs);
  const { position } = await log.handle(call.context(), [
    write({ stream, decider: authenticators, command: { type: 'ChangePassword', citizenId, passwordId: newId, replaces: passwordId }, envelope: () => aboutCitizen(citizenId) }),
  ]);
  call.wrotePosition(position);
  return {};
}
