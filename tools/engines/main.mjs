// node tools/engines/main.mjs up [--mongo] [--kafka] ... : see README.md beside this for what it promises.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startKafkaFromJars } from './kafka.mjs';
import { startMongoFromJars } from './mongo.mjs';
import { endAll, startWatchdog } from './processes.mjs';
import { CannotHave, say, secondsSince } from './say.mjs';

const cannotHaveExit = 3;
const engines = {};
let stopping;

const wanted = readArguments();
startWatchdog(() => stop('the watchdog was ended', 1));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(undefined, 0));
const lines = createInterface({ input: process.stdin });
// The parent has ended, or has had enough.
lines.on('close', () => stop(undefined, 0));

const ready = Promise.all([wanted.mongo && start('mongo', startMongoFromJars), wanted.kafka && start('kafka', () => startKafkaFromJars(wanted.kafka))]);
// One after the other, and none before all are ready: a start waits for the kill before it.
let orders = ready;
lines.on('line', (line) => (orders = orders.then(() => obey(line.trim()))));
try {
  await ready;
} catch (error) {
  await stop(error.message, error instanceof CannotHave ? cannotHaveExit : 1);
}
answer(Object.fromEntries(Object.entries(engines).map(([name, engine]) => [name, engine.ready])));

async function start(name, begin) {
  const started = performance.now();
  const engine = await begin();
  engines[name] = engine;
  void engine.ended.then((exit) => stopping ?? stop(`${name} ended by itself (${exit})`, 1));
  say(`${name} is ready after ${secondsSince(started)}`);
}

async function obey(line) {
  const [verb, name] = line.split(' ');
  try {
    if (!['kill', 'start', 'stop'].includes(verb)) throw new Error(`no such order: ${line}`);
    if (!engines[name]?.[verb] || (name === 'mongo' && verb !== 'stop')) throw new Error(`cannot ${line}: it is not one of this launcher's own brokers`);
    await engines[name][verb]();
    answer({ done: line });
  } catch (error) {
    answer({ error: error.message });
  }
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function stop(complaint, exit) {
  return (stopping ??= (async () => {
    if (complaint) say(complaint);
    await Promise.all(Object.values(engines).map((engine) => engine.stop()));
    await endAll();
    process.exit(exit);
  })());
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        mongo: { type: 'boolean' },
        kafka: { type: 'boolean' },
        'kafka-tls': { type: 'string' },
        'kafka-super-users': { type: 'string' },
        'kafka-data': { type: 'string' },
        'jars-only': { type: 'boolean' },
      },
    });
    if (positionals.join() !== 'up' || !(values.mongo || values.kafka || values['kafka-tls'])) throw new Error('nothing to start');
    const tls = values['kafka-tls'] && { folder: values['kafka-tls'], superUsers: (values['kafka-super-users'] ?? '').split(';').filter(Boolean) };
    return { mongo: values.mongo, kafka: (values.kafka || tls) && { tls, data: values['kafka-data'] }, jarsOnly: values['jars-only'] };
  } catch (error) {
    say(`${error.message}\nusage: node tools/engines/main.mjs up [--mongo] [--kafka] [--kafka-tls DIR --kafka-super-users "User:CN=a;User:CN=b"] [--kafka-data DIR] [--jars-only]`);
    return process.exit(2);
  }
}
