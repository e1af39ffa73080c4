// node tools/engines/main.mjs up|check [--mongo] [--kafka] ... : README.md beside this says what it promises.
import { createInterface } from 'node:readline';
import { readArguments } from './arguments.mjs';
import { waysOfKafka } from './kafka.mjs';
import { waysOfMongo } from './mongo.mjs';
import { endAll, startWatchdog } from './processes.mjs';
import { CannotHave, say } from './say.mjs';
import { check, startByFirstWay } from './ways.mjs';

const cannotHaveExit = 3;
const engines = {};
let stopping;

const { command, wanted } = readArguments(process.argv.slice(2));
const ways = { ...(wanted.mongo && { mongo: waysOfMongo(wanted.mongo) }), ...(wanted.kafka && { kafka: waysOfKafka(wanted.kafka) }) };
startWatchdog(() => stop('the watchdog was ended', 1));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(undefined, 0));
const lines = createInterface({ input: process.stdin });
// The parent has ended, or has had enough. A check ends by itself.
if (command === 'up') lines.on('close', () => stop(undefined, 0));

const ready = Promise.all(Object.keys(ways).map((name) => (command === 'check' ? check(ways[name]) : start(name))));
// One after the other, and none before all are ready: a start waits for the kill before it.
let orders = ready;
lines.on('line', (line) => (orders = orders.then(() => obey(line.trim()))));
try {
  await ready;
} catch (error) {
  await stop(error.message, error instanceof CannotHave ? cannotHaveExit : 1);
}
if (command === 'check') await stop(undefined, 0);
answer(Object.fromEntries(Object.entries(engines).map(([name, engine]) => [name, engine.ready])));

async function start(name) {
  engines[name] = await startByFirstWay(name, ways[name]);
  void engines[name].ended.then((exit) => stopping ?? stop(`${name} ended by itself (${exit})`, 1));
}

async function obey(line) {
  try {
    if (!/^(kill|start|stop) kafka$/.test(line)) throw new Error(`no such order: ${line}`);
    const verb = line.split(' ')[0];
    // One that ran before us is not ours to stop.
    if (!engines.kafka?.[verb] || engines.kafka.ready.from === 'environment') throw new Error('kafka is not one that this launcher started');
    await engines.kafka[verb]();
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
    await Promise.all(Object.values(engines).map(async (engine) => (await engine.stop(), await engine.remove?.())));
    await endAll();
    process.exit(exit);
  })());
}
