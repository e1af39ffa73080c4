import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { Party } from '../system/party.js';
import type { Citizen, Day, SignedIn } from './day.js';

/** A sign-in that was begun somewhere and taken by the citizen's agent: two secrets, held by two parties. */
export interface OpenSignIn {
  readonly at: Party;
  readonly agent: Party;
  readonly signInId: string;
  readonly signInSecret: string;
  readonly agentSecret: string;
}

export async function beginSignIn(day: Day, at: Party, level = AssuranceLevel.SUBSTANTIAL, agent = day.agent): Promise<OpenSignIn> {
  const { signInId, signInSecret, handOver } = await at.authentication.beginSignIn({ level });
  const { agentSecret } = await agent.authentication.takeSignIn({ handOver });
  return { at, agent, signInId, signInSecret, agentSecret };
}

/** The number of the code to type next. */
export async function typePassword(open: OpenSignIn, userId: string, password: string, deviceSecret = ''): Promise<string> {
  const { signInId, agentSecret } = open;
  const { codeNumber } = await open.agent.authentication.submitPassword({ signInId, agentSecret, userId, password, deviceSecret });
  return codeNumber;
}

export function codeOf(citizen: Citizen, number: string): string {
  const code = citizen.card?.codes.find((printed) => printed.number === number);
  if (!code) throw new Error(`code #${number} is not on the card`);
  return code.key;
}

export async function typeCode(open: OpenSignIn, citizen: Citizen, number: string): Promise<void> {
  const { signInId, agentSecret } = open;
  const { deviceSecret } = await open.agent.authentication.submitCode({ signInId, agentSecret, code: codeOf(citizen, number) });
  if (deviceSecret) citizen.deviceSecret = deviceSecret;
}

export async function redeem({ at, signInId, signInSecret }: OpenSignIn): Promise<SignedIn> {
  const { token, subject, sessionId, level, expiresAt } = await at.authentication.redeemSignIn({ signInId, signInSecret });
  return { token, subject, sessionId, level, expiresAtMs: expiresAt?.getTime() ?? 0 };
}

/** The whole of it, as on an ordinary morning: from the citizen's own device, with password and code. */
export async function signIn(day: Day, citizen: Citizen, at: Party, level = AssuranceLevel.SUBSTANTIAL): Promise<SignedIn> {
  const open = await beginSignIn(day, at, level);
  const number = await typePassword(open, citizen.person.userId, citizen.password, citizen.deviceSecret);
  await typeCode(open, citizen, number);
  return redeem(open);
}

/** A token for the citizen's own rooms, signed in anew when the last one is about to end. */
export async function ownRooms(day: Day, citizen: Citizen): Promise<{ readonly token: string }> {
  if (!citizen.ownRooms || citizen.ownRooms.expiresAtMs < Date.now() + 60_000) citizen.ownRooms = await signIn(day, citizen, day.agent);
  return { token: citizen.ownRooms.token };
}
