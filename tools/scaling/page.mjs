// docs/scaling.md: `node tools/scaling/page.mjs` writes it, `--check` (in lint) fails when it is not what the inputs come to.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputs, valueOf } from './inputs.mjs';
import { linesFor } from './lines.mjs';
import { figure } from './sum.mjs';

const path = join(import.meta.dirname, '../../docs/scaling.md');
const today = linesFor(1);
const tenfold = linesFor(10);

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One line of arithmetic for both sizes. */
function lines(rows) {
  return table(['', 'today', 'ten times'], rows.map(([name, pick]) => [name, pick(today).text, pick(tenfold).text]));
}

// What the page says in words, as conditions: figures that turn one over stop the page until somebody has written it anew.
const said = {
  'seven to eleven pods of authentication do today': today.pods <= 11,
  'audit keeps up with a peak today, and not with ten times it': today.audit.use < 1 && tenfold.audit.use > 1,
  'audit keeps up with the average of ten times': Number(tenfold.audit.takes) > Number(tenfold.events.average),
  "audit's lists are half of what a member holds": Number(today.disk.lists) > 0.4 * Number(today.member),
  'an auditor proves a year within a week': today.hours.proven < 7 * 24,
  'one partition of Kafka carries ten times the peak': tenfold.kafka.use < 1,
  'one log takes ten times the commits': Number(tenfold.commits.peak) < Number(tenfold.commits.most),
  'the turn is longer than the insert at ten times': Number(tenfold.commits.turn) > 10 * valueOf('roundTrip'),
  "rebuilding a year of audit's lists takes more than a week": today.hours.lists > 7 * 24,
  'one replica set is full within a year': today.ends.months < 12,
};
for (const [words, holds] of Object.entries(said)) if (!holds) throw new Error(`docs/scaling.md says that ${words}; the figures say otherwise`);

const document = `# Scaling

What ${figure(valueOf('citizens'))} citizens at ${figure(valueOf('logInsAMonth'))} log-ins a month need, and ten times that, on paper. Every input is given, measured or
assumed, and says so; every line shows what was reckoned. \`node tools/scaling/page.mjs\` writes this page, measured inputs read out of
[benchmarks.md](benchmarks.md); \`npm run lint\` holds it to them. What the figures mean for the manifests stands in \`k8s/overlays/production/sizes.yaml\`.

**In short.** At today's size everything fits: ${figure(Math.ceil(today.pods))} pods of authentication, two or three of the others, three brokers, one replica set.
What grows is disk: **${figure(Number(today.member))} TB a year and member**, and ${figure(Number(today.files))} TB of public files. One replica set for everything is full
after **${figure(Number(today.ends.months))} months**. At ten times the peak is more than audit takes in while it lasts, and a year is more than anybody rebuilds in a week.

## Inputs

${table(['input', 'value', '', 'where from'], Object.values(inputs).map(({ name, value, kind, source }) => [name, figure(value), kind === 'assumed' ? '**assumed**' : kind, source]))}

## Load

${lines([
  ['log-ins a year', ({ load }) => load.logInsAYear],
  ['log-ins a second, average', ({ load }) => load.average],
  ['log-ins a second, peak', ({ load }) => load.peak],
  ['events a year', ({ events }) => events.year],
  ['events a second, average', ({ events }) => events.average],
  ['events a second, peak', ({ events }) => events.peak],
])}

## CPU

${lines([
  ['CPU-ms a log-in, authentication', ({ perLogIn }) => perLogIn.authentication],
  ['CPU-ms a log-in, the other three', ({ perLogIn }) => perLogIn.others],
  ['cores of authentication, average', ({ cores }) => cores.authenticationAverage],
  ['cores of authentication, peak', ({ cores }) => cores.authentication],
  ['cores of the other three, peak', ({ cores }) => cores.others],
  ['pods of authentication', ({ pods }) => pods],
])}

Hashing is half of it and the price of the password; it scales with pods, without an end. The cores of the other three are mostly
audit's, and audit's are in one process at a time (below). MongoDB's own CPU is in no line: no real one has been measured.

## Commits

One log has one order: the next insert begins where the last one ended, whoever made it. What waits goes in one insert.

${lines([
  ['commits a second, peak', ({ commits }) => commits.peak],
  ['commits a second that one log takes at most', ({ commits }) => commits.most],
  ["ms until a replica's turn, when all of them write", ({ commits }) => commits.turn],
])}

The rate is no end; the turn is one. At ten times a commit waits longer for its replica's turn than for the disk, three times a log-in.
**What comes then:** the source is cut in two, \`authentication/0\` and \`authentication/1\` by citizen: the number is in every name for this.

## Audit

The ledger is one order over all sources, made by one process.

${lines([
  ["events a second that one process takes in, everyone's own log included", ({ audit }) => audit.takes],
  ["part of one process' capacity that a peak takes", ({ audit }) => audit.use],
])}

At ten times a peak is more than it takes in. After an hour of it ${tenfold.audit.backlog.text} events wait, and are caught up with in
${tenfold.audit.caughtUp.text} minutes at an average load: receipts and access logs are late by as much, coverage says so, and nothing is lost. Those
figures are of two cores shared with three other services and the bench; a process with two cores to itself was not measured. **What comes then:** a ledger a
partition, each with its own tree and checkpoint; an auditor reads all of them.

## Kafka

${lines([
  ['part of one partition that a peak takes', ({ kafka }) => kafka.use],
  ['MB a second into each broker, peak', ({ kafka }) => kafka.in],
  ['GB kept by each broker', ({ kafka }) => kafka.disk],
])}

Each of three brokers has every record, two hand them on, and three services read: five times what comes in goes out, over all three. **Three brokers
do for both sizes**; a volume grows. The producing figure is one broker's on two shared cores, with copies to nobody: with two copies it is less.

## Disk a year

${lines([
  ['TB of the four logs, a member', ({ disk }) => disk.logs],
  ['TB of the ledger, a member', ({ disk }) => disk.ledger],
  ["TB of audit's lists, a member", ({ disk }) => disk.lists],
  ['**TB a member in all**', ({ member }) => member],
  ["TB of the log's files, on the integrator's volume", ({ files }) => files],
])}

Times ${figure(valueOf('members'))} members. Vaults and keys are not in it: they grow with citizens, not with log-ins. Each event is there three times on purpose: in its service's log, in
the ledger, in the public bundles; the last is what an archive can be made of. Half of it is audit's lists: what is done at a relying service stands in
the access log, in the citizen's own log and in the service's own.

## Rebuild and restore, in hours

${lines([
  ["audit's lists from zero, a year of events", ({ hours }) => hours.lists],
  ['after Kafka was away for as long as it keeps', ({ hours }) => hours.away],
  ['`tillid-auditor verify`: hashing a year, one core', ({ hours }) => hours.hashes],
  ['the same: reading a year of files', ({ hours }) => hours.files],
  ['an auditor who is sent a year, by Replay', ({ hours }) => hours.replay],
  ['and proves every entry of it (`verify --entries`, `replay`, `report`), one core', ({ hours }) => hours.proven],
  ['a member that holds the most it should, restored', ({ hours }) => hours.member],
])}

A list that is rebuilt is built beside the old one, which answers meanwhile: the hours are waited for by whoever wants the new version. A year takes ${figure(Math.ceil(today.hours.lists / 24))}
days, and so a rebuild from zero is no way to recover: **lists are backed up like logs**, and a rebuild goes on from the backup's position.

Proving a year of entries is ${figure(Math.ceil(today.hours.proven / 24))} days of one core, and who proves them from the first on remembers each stream's name: ${today.remembered.month.text} GB a month. On one machine that ends
within a year. \`watch --entries\` proves as it comes and needs no second look, but as much memory. **What comes then:** a state of the check that is saved and gone on from, and streams
that are over forgotten. Not built.

## Where one replica set ends, and what comes then

${lines([
  ['months until a member of the one set is full', ({ ends }) => ends.months],
  ['months until a member of a set of its own for audit is full', ({ ends }) => ends.audit],
])}

1. **A replica set for audit, one for the rest**, then one a service: \`TILLID_MONGO_URL\` may differ from service to service, and no document of one
   refers to another's. It is one more MongoDBCommunity and one line in audit's ConfigMap; the manifests begin with one set.
2. **The ledger's past leaves the database.** What the tree has covered stands in the bundles, byte for byte, and is checked against them; the database
   keeps the last year for readers. Not built: \`readAll\` would read bundles below a position.
3. **Shards**, by \`_id\` for the ledger: positions only grow, so a range is never written again once it is full, and moves to slow disks by zone. One shard
   is written at a time, so shards are room, not speed.
4. **Partitions of a source**, for speed (above).

## Settings that the size decides

| setting | at this size | why |
| --- | --- | --- |
| \`TILLID_EXPIRING_ENTRIES\` | 20000000 | each citizen's known devices are an entry for 400 days: ${figure(today.devices)} of them, and tries besides. At the default of a million the next citizen finds the store full |
| \`TILLID_OPEN_SIGN_INS_PER_CLIENT\` | 20000, the default | half of a peak at one bank for a minute is ${figure((valueOf('peak') / 2) * 60)}, over all pods; at ten times there are ten times the pods |
`;

if (!process.argv.includes('--check')) writeFileSync(path, document);
else if (readFileSync(path, 'utf8') !== document) {
  process.stderr.write('docs/scaling.md is not what the inputs come to; run: node tools/scaling/page.mjs\n');
  process.exit(1);
}
