import { setTimeout as delay } from 'node:timers/promises';
import { short, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { citizenWithKey, signIn } from '../system/citizens.mjs';
import { citizenAgent, inParallel, newRelyingService, officials, partyOf } from '../system/parties.mjs';
import { services } from '../system/process-usage.mjs';
import { withSystem } from '../system/system.mjs';
import { logsOf, storedBytes } from './stored.mjs';

const citizens = 150;
const signInsEach = 4;
/** Audit's own beat: one a second while anything comes in, however much it is. */
const beat = 'HeadsSeen';

/** What one sign-in leaves: events, and bytes in every store. docs/scaling.md counts a year from it. */
export function run() {
  return withSystem(18_800, async (system) => {
    const bank = newRelyingService(system, 'bench-bank');
    const agent = citizenAgent(system);
    const registrars = officials(system);
    const people = [];
    await inParallel(citizens, 8, async () => void people.push(await citizenWithKey(registrars, agent)));
    // Once before anything is counted: the pseudonym at this bank and the device are made at the first sign-in.
    await everyoneSignsIn(bank, agent, people);
    await untilQuiet(system);
    const before = { logs: logsOf(system.data), stored: storedBytes(system.data) };
    for (let count = 0; count < signInsEach; count++) await everyoneSignsIn(bank, agent, people);
    await untilQuiet(system);
    const after = { logs: logsOf(system.data), stored: storedBytes(system.data) };
    report('events', text(before, after, citizens * signInsEach));
  });
}

function everyoneSignsIn(bank, agent, people) {
  return inParallel(people.length, 8, (index) => signIn(bank, agent, people[index]));
}

/** Every entry there is stands in the signed tree, and nothing has come for a moment. */
async function untilQuiet(system) {
  const auditor = partyOf(system, 'auditor', 'auditor');
  for (let quiet = 0; quiet < 10; ) {
    await delay(200);
    const { coverage } = await auditor.audit.getCoverage({});
    quiet = coverage.sources.every(({ source, takenInPosition, headPosition }) => source === 'audit/0' || takenInPosition === headPosition) ? quiet + 1 : 0;
  }
}

function text(before, after, signIns) {
  const types = services.flatMap((service) => Object.entries(after.logs[service].types).map(([type, sizes]) => ({ service, type, sizes, grown: sizes.count - (before.logs[service].types[type]?.count ?? 0) })));
  const ofSignIn = types.filter(({ type, grown }) => type !== beat && grown >= signIns / 2);
  const events = ofSignIn.reduce((sum, { grown }) => sum + grown, 0) / signIns;
  const weighed = (pick) => ofSignIn.reduce((sum, { sizes, grown }) => sum + pick(sizes) * grown, 0) / ofSignIn.reduce((sum, { grown }) => sum + grown, 0);
  const grown = Object.keys(after.stored).map((store) => [store, (after.stored[store] - (before.stored[store] ?? 0)) / signIns]).filter(([, bytes]) => Math.abs(bytes) >= 1);
  return `
One sign-in of a citizen whose device is known, with password and code, leaves **${short(events)} events**; an event of a sign-in has **${whole(weighed(({ bytes }) => bytes))} bytes**,
**${whole(weighed(({ bson }) => bson))}** as its part of a MongoDB document (BSON, before compression and indexes) and **${whole(weighed(({ kafka }) => kafka))}** as a Kafka record.
${whole(signIns)} sign-ins of ${citizens} citizens at a bank they had signed in to before, on an installation with SQLite. The citizen's first of a day adds an
identity.EncryptionKeyUsed (below); ${beat} is audit's beat, one a second while anything comes in.

${table(['of each sign-in', 'events', 'bytes each'], ofSignIn.map(({ service, type, sizes, grown: count }) => [`${service}.${type}`, short(count / signIns), whole(sizes.bytes)]))}

${table(['other events met on the way', 'bytes each', 'BSON', 'Kafka'], types.filter((each) => !ofSignIn.includes(each)).map(({ service, type, sizes }) => [`${service}.${type}`, whole(sizes.bytes), whole(sizes.bson), whole(sizes.kafka)]))}

${table(['store, SQLite and files', 'bytes grown a sign-in'], grown.map(([store, bytes]) => [store, whole(bytes)]))}
`;
}
