import { composeRemove, composeUp, dockerAnswers } from './docker.mjs';
import { wayOfEnvironment } from './environment.mjs';
import { jarsOf, java, requireJava } from './jars.mjs';
import { freePort, host } from './ports.mjs';
import { untilItSays, withOtherPorts } from './ready.mjs';

const jarReadyWithinMs = 30_000;
/** The image may have to be fetched first. */
const containerReadyWithinMs = 600_000;
const variable = 'TILLID_ENGINES_MONGO_URL';

export function waysOfMongo({ jarsOnly }) {
  return jarsOnly ? [jars] : [environment, containers, jars];
}

const environment = wayOfEnvironment(variable, (url) => ({ url, addresses: addressesIn(url) }));

/** A replica set of three. What it keeps ends with it. */
const containers = {
  from: 'compose',
  isThere: dockerAnswers,
  start: () =>
    withOtherPorts(async () => {
      const ports = [await freePort(), await freePort(), await freePort()];
      const variables = Object.fromEntries(ports.map((port, index) => [`MONGO_PORT_${index + 1}`, String(port)]));
      const child = await untilItSays('replica set is ready', containerReadyWithinMs, (onLine) => composeUp('mongo', variables, onLine));
      const url = `mongodb://${ports.map((port) => `${host}:${port}`).join()}/?replicaSet=tillid`;
      return { ready: { url }, ended: child.exit, stop: () => composeRemove('mongo', variables) };
    }),
};

let folder;
/** The stand-in for MongoDB, in memory. */
const jars = {
  from: 'jars',
  async isThere() {
    await requireJava('mongo');
    folder = await jarsOf('mongo', 'MongoMain.java');
    return true;
  },
  start: () =>
    withOtherPorts(async () => {
      const port = await freePort();
      const child = await untilItSays('ready', jarReadyWithinMs, (onLine) => java(folder, [], 'MongoMain', [String(port)], { onLine }));
      return { ready: { url: `mongodb://${host}:${port}/?directConnection=true` }, ended: child.exit, stop: () => child.stop() };
    }),
};

/** None for mongodb+srv, whose addresses only DNS knows. */
function addressesIn(url) {
  const hosts = /^mongodb:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1] ?? '';
  return hosts.split(',').filter(Boolean).map((address) => (address.includes(':') ? address : `${address}:27017`));
}
