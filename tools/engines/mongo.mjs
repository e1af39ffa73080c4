import { jarsOf, java, requireJava } from './jars.mjs';
import { freePort, host } from './ports.mjs';
import { untilItSays, withOtherPorts } from './ready.mjs';

const readyWithinMs = 30_000;

/** The stand-in for MongoDB, in memory: what it keeps ends with it. */
export async function startMongoFromJars() {
  await requireJava('mongo');
  const folder = await jarsOf('mongo', 'MongoMain.java');
  return withOtherPorts(async () => {
    const port = await freePort();
    const child = await untilItSays('ready', readyWithinMs, (onLine) => java(folder, [], 'MongoMain', [String(port)], { onLine }));
    return { ready: { url: `mongodb://${host}:${port}/?directConnection=true`, from: 'jars' }, ended: child.exit, stop: () => child.stop() };
  });
}
