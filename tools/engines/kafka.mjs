import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveFlags, jarsOf, java, requireJava } from './jars.mjs';
import { kafkaProperties } from './kafka-properties.mjs';
import { freePort, host, isFree } from './ports.mjs';
import { temporaryFolder } from './processes.mjs';
import { untilItSays, withOtherPorts } from './ready.mjs';

const readyWithinMs = 60_000;
const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info'];

/** `data`: a folder that is kept; without it the data ends with the launcher. `tls`: `{ folder, superUsers }`. */
export async function startKafkaFromJars({ data, tls }) {
  const javaVersion = await requireJava('kafka');
  const jars = await jarsOf('kafka');
  const flags = await archiveFlags('kafka', jars, javaVersion, async (flag) => {
    const broker = await startBroker({ jars, flags: [flag], folder: temporaryFolder('kafka') });
    // Writing the archive takes longer than any other stop.
    await broker.stop(readyWithinMs);
  });
  return startBroker({ jars, flags, folder: data ?? temporaryFolder('kafka'), tls });
}

async function startBroker({ jars, flags, folder, tls }) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let ports;
  const start = () => startOnce({ jars, flags, folder, tls, ports });
  let child = await withOtherPorts(async () => {
    ports = await choosePorts(folder);
    return start();
  });
  let running = true;
  const unasked = Promise.withResolvers();
  const watch = () => void child.exit.then((exit) => running && unasked.resolve(exit));
  watch();
  return {
    ready: { brokers: [`${host}:${ports.broker}`], tls: tls !== undefined, from: 'jars' },
    ended: unasked.promise,
    async kill() {
      running = false;
      child.kill('SIGKILL');
      await child.exit;
    },
    async start() {
      if (running) throw new Error('kafka is running');
      child = await start();
      running = true;
      watch();
    },
    async stop(patienceMs) {
      running = false;
      await child.stop(patienceMs);
    },
  };
}

async function startOnce({ jars, flags, folder, tls, ports }) {
  const logs = join(folder, 'data');
  const properties = join(folder, 'server.properties');
  // At every start: the certificates may be new.
  writeFileSync(properties, kafkaProperties({ ...ports, logs, tls }), { mode: 0o600 });
  // Written last by a format: a crash in it leaves a folder that is formatted again.
  if (!existsSync(join(logs, 'meta.properties'))) await format(jars, properties);
  return untilItSays('Kafka Server started', readyWithinMs, (onLine) => java(jars, [...flags, ...logging], 'kafka.Kafka', [properties], { onLine }));
}

async function format(jars, properties) {
  const formatting = java(jars, logging, 'kafka.tools.StorageTool', ['format', '--standalone', '-t', randomBytes(16).toString('base64url'), '-c', properties]);
  const exit = await formatting.exit;
  if (exit !== 0) throw new Error(`formatting Kafka's folder ended with ${exit}:\n${formatting.said}`);
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
