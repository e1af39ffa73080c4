import { parent, type Scene } from '../day.js';
import { beginSignIn, ownRooms, redeem, signIn, typeCode, typePassword } from '../sign-in.js';

/** The gate says which of these it was; that it says one of them is what counts. */
const tokenRefusals = ['token.foreign_audience', 'token.other_certificate', 'call.unauthenticated', 'token.inactive'];

/** Tokens and secrets in the wrong hands: shown by another, at another place, or swapped. */
export const stolenTokens: Scene = {
  name: 'tokens in the wrong hands',
  steps: () => 3,
  async play(day, step) {
    const citizen = parent(day);
    const atBank = await signIn(day, citizen, day.fjordbanken);
    const { active } = await day.egebaek.authentication.introspectToken({ token: atBank.token });
    day.expect.equal('a token for the bank is nothing to the municipality', active, false);
    await day.expect.refused('nor does it open the citizen\'s own rooms', tokenRefusals, () => day.agent.authentication.listSessions({}, { token: atBank.token }));
    step();

    const mine = await ownRooms(day, citizen);
    const { sessions } = await day.agent.authentication.listSessions({}, mine);
    day.expect.holds('the citizen sees their session at the bank', sessions.some(({ sessionId, clientId }) => sessionId === atBank.sessionId && clientId === 'fjordbanken'));
    await day.expect.refused('a stolen token is no good under another certificate', tokenRefusals, () => day.otherAgent.authentication.listSessions({}, mine));
    await day.expect.refused('nor is an altered one', ['token.malformed', ...tokenRefusals], () => day.agent.authentication.listSessions({}, { token: altered(mine.token) }));
    step();

    // MitID, January 2022: two sign-ins begun in the same moment, and the token of one went to the other.
    const [left, right] = await Promise.all([beginSignIn(day, day.fjordbanken), beginSignIn(day, day.fjordbanken)]);
    await typeCode(left, citizen, await typePassword(left, citizen.person.userId, citizen.password, citizen.deviceSecret));
    await day.expect.refused('the other sign-in\'s secret opens nothing', ['sign_in.unknown'], () => redeem({ ...left, signInSecret: right.signInSecret }));
    await day.expect.refused('nor does the right secret in another\'s hands', ['sign_in.unknown'], () => redeem({ ...left, at: day.egebaek }));
    await day.expect.refused('nor can another agent finish it', ['sign_in.unknown'], () => typePassword({ ...right, agent: day.otherAgent }, citizen.person.userId, citizen.password));
    day.expect.equal('the beginner gets its customer', (await redeem(left)).subject, atBank.subject);
    step();
  },
};

/** Another signature of the right length. */
function altered(token: string): string {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  return `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`;
}
