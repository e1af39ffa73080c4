import { AuthenticationServiceService as rpcs } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { afterEach, describe, expect, it } from 'vitest';
import { authenticationTown, type AuthenticationTown, bank, key, keyOf } from '../../test/authentication-town.js';

let town: AuthenticationTown;
afterEach(() => town.close());
const tooLongMs = 60_001;

describe('signing in, while audit records nothing', () => {
  it('goes on by default, however long it takes', async () => {
    town = await authenticationTown();
    const karen = await town.person('karen.hansen');
    await town.auditHas(undefined);
    town.passTime(100 * tooLongMs);
    expect((await town.signedIn(karen)).token).not.toBe('');
  });

  it('is refused to new ones where the policy says so: one under way ends, a retry gets its answer, and it goes on the moment the record does', async () => {
    town = await authenticationTown({ refusesUnrecorded: true });
    const karen = await town.person('karen.hansen');
    await town.auditHas(await town.head());
    const retried = { idempotencyKey: key(), level: AssuranceLevel.SUBSTANTIAL };
    const first = await town.front.as(bank).call(rpcs.beginSignIn, retried);
    const begun = await town.begun();
    const { codeNumber } = await town.password(begun, karen.userId, karen.password);
    await town.auditHas(undefined);
    town.passTime(tooLongMs);
    const before = await town.head();
    await expect(town.begin()).rejects.toMatchObject({ code: 'audit.unavailable' });
    expect(await town.front.as(bank).call(rpcs.beginSignIn, retried)).toEqual(first);
    expect(await town.head()).toBe(before);
    await town.code(begun, keyOf(karen.card, codeNumber));
    expect((await town.redeem(begun)).token).not.toBe('');
    await town.auditHas(await town.head());
    expect((await town.signedIn(karen)).token).not.toBe('');
  });

  it('goes on for as long as nothing has happened that is not recorded', async () => {
    town = await authenticationTown({ refusesUnrecorded: true });
    await town.auditHas(await town.head());
    await town.auditHas(undefined);
    town.passTime(100 * tooLongMs);
    await town.begin();
  });

  it('has its time at the first start of a house whose audit never was there, and then waits for it', async () => {
    town = await authenticationTown({ refusesUnrecorded: true });
    await town.auditHas(undefined);
    await town.begin();
    town.passTime(tooLongMs);
    await expect(town.begin()).rejects.toMatchObject({ code: 'audit.unavailable' });
  });
});
