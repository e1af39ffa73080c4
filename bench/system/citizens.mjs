import { randomBytes, randomUUID } from 'node:crypto';

const substantial = 2;
const high = 3;
let invented = 0;

/** Sixty on the day, the form of administrative numbers: each number once, and nobody's. */
export function inventDetails() {
  const number = (invented += 1);
  const two = (value) => String(value).padStart(2, '0');
  const born = new Date(Date.UTC(1930, 0, 1 + (number % 25_000)));
  const serial = String(Math.floor(number / 25_000)).padStart(4, '0');
  return {
    nationalNumber: `${two(born.getUTCDate() + 60)}${two(born.getUTCMonth() + 1)}${two(born.getUTCFullYear() % 100)}${serial}`,
    firstName: 'Mette', lastName: 'Holm', address: `Nørregade ${number}, 4990 Egebæk`, email: `m${number}@eksempel.dk`,
  };
}

/** Registered, proved by two officials, with an active key. */
export async function citizenWithKey([first, second], agent) {
  const { citizenId } = await first.identity.registerCitizen({ details: inventDetails() });
  const proof = { citizenId, level: high, evidenceKind: 'passport' };
  await first.identity.proveIdentity(proof);
  let proved = '';
  await second.identity.proveIdentity(proof, { onPosition: (position) => void (proved = position) });
  const letter = await first.authentication.issueActivationCode({ citizenId }, { minPosition: proved });
  const userId = `bench-${randomUUID().slice(0, 13)}`;
  const password = randomBytes(15).toString('base64url');
  const { card } = await agent.authentication.activateKey({ activationId: letter.activationId, activationCode: letter.activationCode, userId, password });
  return { citizenId, userId, password, codes: new Map(card.codes.map(({ number, key }) => [number, key])), deviceSecret: '' };
}

/** Password and code, the whole of it: five rpcs, one password hash. */
export async function signIn(beginner, agent, citizen) {
  const { signInId, signInSecret, handOver } = await beginner.authentication.beginSignIn({ level: substantial });
  const { agentSecret } = await agent.authentication.takeSignIn({ handOver });
  const { userId, password, deviceSecret } = citizen;
  const { codeNumber } = await agent.authentication.submitPassword({ signInId, agentSecret, userId, password, deviceSecret });
  const reply = await agent.authentication.submitCode({ signInId, agentSecret, code: citizen.codes.get(codeNumber) });
  if (reply.deviceSecret) citizen.deviceSecret = reply.deviceSecret;
  return beginner.authentication.redeemSignIn({ signInId, signInSecret });
}
