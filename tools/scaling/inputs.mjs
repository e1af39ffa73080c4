// Every number that docs/scaling.md starts from: given, measured here (read out of docs/benchmarks.md, so that the page follows it),
// or assumed, with why.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const benchmarks = readFileSync(join(import.meta.dirname, '../../docs/benchmarks.md'), 'utf8');

const given = (value, name, source) => ({ value, name, kind: 'given', source });
const assumed = (value, name, source) => ({ value, name, kind: 'assumed', source });
function measured(pattern, name, section) {
  const found = pattern.exec(section ? benchmarks.slice(benchmarks.indexOf(`<!-- ${section} -->`), benchmarks.indexOf(`<!-- /${section} -->`)) : benchmarks);
  if (!found) throw new Error(`docs/benchmarks.md no longer says ${pattern}`);
  return { value: Number(found[1].replaceAll(',', '')), name, kind: 'measured', source: `docs/benchmarks.md, ${section}` };
}
/** A number that the page has in words. */
function said(words, value, name, section) {
  return { ...measured(new RegExp(`(${words})`), name, section), value };
}
/** Entries a second through all of audit's lists, one after the other, as the table of own-logs has them. */
function throughAllLists(name) {
  const rows = [...benchmarks.slice(benchmarks.indexOf('<!-- own-logs -->'), benchmarks.indexOf('<!-- /own-logs -->')).matchAll(/^\| [a-z-]+ \| ([\d,]+) \| [\d.]+ \| [\d,]+ \|$/gm)];
  if (rows.length < 5) throw new Error("docs/benchmarks.md no longer says what each of audit's lists takes");
  const value = Math.round(1 / rows.reduce((seconds, [, rate]) => seconds + 1 / Number(rate.replaceAll(',', '')), 0));
  return { value, name, kind: 'measured', source: 'docs/benchmarks.md, own-logs' };
}
const store = (name) => new RegExp(`\\| ${name.replace('.', '\\.')} \\| ([\\d,]+) \\|`);

const domain = 'shared/domain.md, sizes';

export const inputs = {
  citizens: given(5_800_000, 'citizens', domain),
  logInsAMonth: given(89_000_000, 'log-ins a month', domain),
  peak: given(260, 'log-ins a second at a peak', `${domain}: a tax day in comparable systems`),
  events: given(10, 'events a log-in, everything else of a day shared out among them', `${domain}: about ten; 7 are measured, 1 is the first use of the citizen's key that day, 2 are left for consents, shares, readings and sessions that end`),
  eventsMeasured: measured(/leaves \*\*([\d.]+) events/, 'events that a log-in itself leaves', 'events'),
  commits: said('three commits of seven events', 3, 'commits of a log-in', 'sign-in'),
  hashing: measured(/\| ([\d.]+) hashing \+/, 'CPU-ms of hashing a log-in', 'sign-in'),
  beside: measured(/beside hashing: \*\*([\d.]+) ms/, 'CPU-ms of authentication beside it', 'sign-in'),
  others: measured(/other three services take ([\d.]+) CPU-ms/, "CPU-ms of the other three services, for its 7 events, before everyone's own log", 'sign-in'),
  ingest: measured(/signed tree: \*\*([\d,]+) events\/s/, "events a second into ledger, access log and signed tree, measured before everyone's own log was kept", 'ingest'),
  ingestCpu: measured(/\*\*([\d.]+) CPU-ms an event\*\* in audit/, 'CPU-ms of audit for it', 'ingest'),
  ownLogsCpu: measured(/\| own-logs \| [\d,]+ \| ([\d.]+) \|/, "CPU-ms an event that everyone's own log takes of audit", 'own-logs'),
  lists: throughAllLists("events a second through all of audit's lists, one after the other"),
  replay: measured(/mTLS: \*\*([\d,]+) events\/s/, 'events a second that an auditor is sent', 'replay'),
  proven: measured(/[^]*\| report \| [\d,]+ \| [\d.]+ \| [\d,]+ \| ([\d.]+) \|/, 'CPU-ms of `tillid-auditor` to prove an entry against its leaf, its source and its own log', 'report'),
  eventBytes: measured(/has \*\*([\d,]+) bytes\*\*/, 'bytes of an event', 'events'),
  bson: measured(/\*\*([\d,]+)\*\* as its part of a MongoDB document/, 'bytes of an event in its commit document (BSON)', 'events'),
  kafka: measured(/\*\*([\d,]+)\*\* as a Kafka record/, 'bytes of an event as a Kafka record', 'events'),
  accessLog: measured(store('audit/read-models.sqlite'), "bytes of audit's lists a log-in (SQLite)", 'events'),
  bundles: measured(store('audit/log, entry bundles'), "bytes of entry bundles a log-in, with audit's beat", 'events'),
  tiles: measured(store('audit/log, hash tiles'), "bytes of hash tiles a log-in, with audit's beat", 'events'),
  producing: { value: 41_000, name: 'records a second into one partition, batches of 1,000 at 1 KB', kind: 'measured', source: 'shared/engines.md (41,000 to 51,000)' },
  hashes: { value: 400_000, name: 'leaf hashes a second and core', kind: 'measured', source: 'shared/toolchain.md (400,000 to 610,000 of 1 KB)' },
  backfill: given(40_000, 'events a second that a feed gives one reader at most', 'libs/service feed-service.ts: 1,000 each 25 ms'),
  utilisation: assumed(0.7, 'of a core in use before another pod comes', 'k8s/base: the autoscalers'),
  podCores: given(2, 'cores a pod of authentication asks for', 'k8s/base/authentication'),
  zoneLost: assumed(1.5, 'times the pods, so that one zone of three may go', 'three zones'),
  driver: assumed(1, 'CPU-ms a commit that MongoDB costs beyond SQLite', 'driver, TLS and look-up; no real MongoDB has been measured'),
  roundTrip: assumed(5, 'ms of an insert, `w: majority, j: true`', 'three zones of one region'),
  batch: given(256, 'commits in one insert at most', 'design/log.md'),
  indexes: assumed(1.4, 'times the documents, with indexes and after compression', 'salts, ids and seals do not compress; `s` and `c` are indexed'),
  streamBytes: assumed(100, 'bytes an auditor keeps of each stream, to find one that skips a number', 'its name and a number, in a map'),
  streams: assumed(1.3, 'streams a log-in begins', 'the sign-in, and a share or a reading now and then'),
  members: given(3, 'members of a replica set; brokers of Kafka, each with every record', 'k8s/base'),
  retention: given(72, 'hours that Kafka keeps', 'TILLID_KAFKA_RETENTION_HOURS'),
  memberTb: assumed(8, 'TB that one member should hold at most', 'restored within half a working day'),
  restore: assumed(500, 'MB a second when a member or a verifier reads it all', 'network disk'),
};

export function valueOf(name) {
  return inputs[name].value;
}
