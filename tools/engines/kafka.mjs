import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dockerAnswers } from './docker.mjs';
import { wayOfEnvironment } from './environment.mjs';
import { kafkaInContainer } from './kafka-compose.mjs';
import { kafkaFromJars } from './kafka-jars.mjs';
import { kafkaProperties } from './kafka-properties.mjs';
import { freePort, host, isFree } from './ports.mjs';
import { temporaryFolder } from './processes.mjs';
import { untilItSays, withOtherPorts } from './ready.mjs';
import { say } from './say.mjs';

/** Writing the class-data archive takes longer than any other stop. */
const trainedWithinMs = 60_000;
const variable = 'TILLID_ENGINES_KAFKA_BROKERS';
/** Says that those brokers know the certificates in the folder that is asked for. */
const tlsVariable = 'TILLID_ENGINES_KAFKA_TLS';

/** `data`: a folder that is kept; without it the data ends with the launcher. `tls`: `{ folder, superUsers }`. */
export function waysOfKafka({ data, tls, jarsOnly }) {
  const folder = () => resolve(data ?? temporaryFolder('kafka'));
  let program;
  const containers = { from: 'compose', isThere: dockerAnswers, start: () => startBroker(kafkaInContainer, folder(), tls) };
  const jars = {
    from: 'jars',
    async isThere() {
      program = await kafkaFromJars(trainOnce);
      return true;
    },
    start: () => startBroker(program, folder(), tls),
  };
  return jarsOnly ? [jars] : [environmentFor(tls), containers, jars];
}

function environmentFor(tls) {
  const knows = process.env[tlsVariable] === '1';
  const way = wayOfEnvironment(variable, (value) => ({ brokers: value.split(','), addresses: value.split(','), tls: knows }));
  if (!tls || knows) return way;
  const isThere = async () => {
    if (process.env[variable]) say(`${variable} is passed over: that Kafka does not know these certificates`);
    return false;
  };
  return { ...way, isThere };
}

async function trainOnce(program) {
  const broker = await startBroker(program, temporaryFolder('kafka'));
  await broker.stop(trainedWithinMs);
}

async function startBroker(program, folder, tls) {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  let ports;
  let running = false;
  let child;
  const unasked = Promise.withResolvers();
  async function start() {
    child = await startOnce(program, folder, ports, tls);
    running = true;
    void child.exit.then((exit) => running && unasked.resolve(exit));
  }
  await withOtherPorts(async () => {
    ports = await choosePorts(folder);
    await start();
  });
  return {
    ready: { brokers: [`${host}:${ports.broker}`], tls: tls !== undefined },
    ended: unasked.promise,
    async kill() {
      running = false;
      await program.kill(child, placeOf(folder, ports));
    },
    async start() {
      if (running) throw new Error('kafka is running');
      await start();
    },
    async stop(patienceMs) {
      running = false;
      await child.stop(patienceMs);
    },
    remove: () => program.remove(placeOf(folder, ports)),
  };
}

async function startOnce(program, folder, ports, tls) {
  const place = placeOf(folder, ports);
  const logs = join(folder, 'data');
  // At every start: the certificates may be new.
  writeFileSync(place.properties, kafkaProperties({ ...ports, bind: program.bind, logs, tls }), { mode: 0o600 });
  // Written last by a format: a crash in it leaves a folder that is formatted again.
  if (!existsSync(join(logs, 'meta.properties'))) await program.format(place);
  return untilItSays('Kafka Server started', program.readyWithinMs, (onLine) => program.run(place, onLine));
}

function placeOf(folder, { broker }) {
  return { folder, properties: join(folder, 'server.properties'), port: broker };
}

/** Those that the folder had last time, if nobody has taken them. */
async function choosePorts(folder) {
  const file = join(folder, 'ports.json');
  const last = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (last && (await isFree(last.broker)) && (await isFree(last.controller))) return last;
  const ports = { broker: await freePort(), controller: await freePort() };
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}
