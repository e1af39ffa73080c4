import { median, short, whole } from '../measure/numbers.mjs';
import { table } from '../measure/report.mjs';
import { services } from '../system/process-usage.mjs';
import { eventsPerSecond, rounds as windows, windowMs } from './transports.mjs';

export function text({ events, rounds, logs, grpc, kafka }) {
  const large = logs.at(-1);
  return `
Relay, events of 1 KB: **${percent(rateRatio(large, 'relay', 'producer'))}** of the rate of kafkajs' producer alone, sending the same records in the same batches,
at **${short(cpuRatio(large, 'relay', 'producer'))} times** its CPU. Consumer: **${percent(rateRatio(large, 'follower', 'consumer'))}** of the rate of kafkajs' \`eachBatch\` alone on the same topic, at **${short(cpuRatio(large, 'follower', 'consumer'))} times** its CPU.
An event to visible in the citizen's access log, over Kafka: p50 **${short(kafka.p50)} ms**, p99 **${short(kafka.p99)} ms**; over gRPC only ${short(grpc.p50)} and ${short(grpc.p99)}.

A real broker on the same cores, over TLS, replication 1; a log of ${whole(events)} one-event commits on SQLite, ${rounds} rounds, in pairs whose order
changes, median; from the first batch done to the last. The relay reads the log, makes the chain, signs a head a batch, adds headers and
sends; the bare producer has the same records ready made and the same promises (idempotent, every batch acknowledged before the next). The
consumer only keeps count: signatures, chain and \`takeIn\` are in it. CPU is that of the process that relays or reads, not the broker's.

${table(['bytes an event', '', 'events/s', 'of its limit', 'CPU-ms an event', 'times its limit', 'pairs, events/s of the limit'], logs.flatMap(rowsOf))}

The whole system, one of each service on files: \`tillid up\` and \`tillid up --kafka\` side by side, each in turn under ${eventsPerSecond} events/s written through
rpcs while the other is idle; ${windows} windows of ${windowMs / 1000} s each. The CPU of the services includes the rpcs that make the events, the same on both sides.

${table(['', 'gRPC only', 'over Kafka', 'ratio'], [
    compared('event to access log, p50 ms', ({ p50 }) => p50),
    compared('p99 ms', ({ p99 }) => p99),
    ['p50 ms, window by window', grpc.p50s.map(short).join(', '), kafka.p50s.map(short).join(', '), ''],
    ['reads followed', whole(grpc.samples), whole(kafka.samples), ''],
    compared('CPU-ms an event, all services', ({ cpu }) => cpu.all),
    ...services.map((name) => compared(name, ({ cpu }) => cpu[name])),
    compared('the broker', ({ cpu }) => cpu.broker),
    compared('idle, CPU-ms a second, all services', ({ idle }) => idle.all),
    compared('idle, the broker', ({ idle }) => idle.broker),
  ])}
`;

  function compared(what, pick) {
    const [direct, relayed] = [pick(grpc), pick(kafka)];
    return [what, told(direct), told(relayed), direct === undefined || relayed === undefined ? '' : short(relayed / direct)];
  }
}

function rowsOf(log) {
  const size = whole(log.bytesPerEvent);
  const row = (what, side, limit) => [
    size, what, whole(of(log, side, 'perSecond')),
    ...(limit ? [percent(rateRatio(log, side, limit)), short(of(log, side, 'cpuMs')), short(cpuRatio(log, side, limit)), rates(log, side, limit).map(percent).join(', ')] : ['', short(of(log, side, 'cpuMs')), '', '']),
  ];
  return [
    row('relay', 'relay', 'producer'),
    row('bare producer', 'producer'),
    row('sha256 of each event', 'hash'),
    row('consumer', 'follower', 'consumer'),
    row('bare consumer', 'consumer'),
  ];
}

function of({ pairs }, side, what) {
  return median(pairs.map((pair) => pair[side][what]));
}

function rates({ pairs }, side, limit) {
  return pairs.map((pair) => pair[side].perSecond / pair[limit].perSecond);
}

function rateRatio(log, side, limit) {
  return median(rates(log, side, limit));
}

function cpuRatio({ pairs }, side, limit) {
  return median(pairs.map((pair) => pair[side].cpuMs / pair[limit].cpuMs));
}

function percent(ratio) {
  return `${Math.round(ratio * 100)} %`;
}

function told(value) {
  return value === undefined ? '' : short(value);
}
