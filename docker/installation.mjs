// What of `tillid up` is not a service and not Docker's: `prepare FOLDER` before `docker compose up`, `announce FOLDER` after it, and
// in a container of its own `authority FOLDER`, which signs what callers ask for and renews what is due.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readTlsIdentity, rpcCredentials } from '../libs/rpc/dist/index.js';
import { systemClock } from '../libs/runtime/dist/index.js';
import { addressesFrom, mostReplicas } from '../apps/tillid/dist/installation/addresses.js';
import { DataFolder } from '../apps/tillid/dist/installation/data-folder.js';
import { openInstallation } from '../apps/tillid/dist/installation/installation.js';
import { takeLock } from '../apps/tillid/dist/installation/lock.js';
import { prepareInstallation } from '../apps/tillid/dist/installation/prepare.js';
import { renewDaily } from '../apps/tillid/dist/installation/renewal.js';
import { signRequests } from '../apps/tillid/dist/installation/requests.js';
import { describeRunning, writeRunning } from '../apps/tillid/dist/installation/running.js';
import { registerOwnAgent } from '../apps/tillid/dist/system/register-clients.js';
import { waitUntilServing } from '../apps/tillid/dist/up/health.js';

const operator = { kind: 'operator', id: 'operator' };
/** The machine's first process, which is always there: what runs is Docker's, and comes back by itself when the machine does. */
const pid = 1;
const servingWithinMs = 180_000;
const lookForRequestsEveryMs = 150;

const [command, path] = process.argv.slice(2);
const data = new DataFolder(path);
const installation = await openInstallation(data, undefined, 'database');
await { prepare, announce, authority }[command]();
process.exit();

/** `tillid certificates`, and the folder that Kafka keeps its data in. Prints the origin. */
async function prepare() {
  await prepareInstallation(data, installation, systemClock.nowMs());
  // Docker would make it root's.
  await mkdir(join(data.path, 'kafka', 'data'), { recursive: true, mode: 0o700 });
  process.stdout.write(`${installation.origin}\n`);
}

/** As at the end of `tillid up`: waits for every replica, registers the installation's own agent, says where everything is. */
async function announce() {
  const addresses = addressesFrom(installation.portBase, mostReplicas);
  const tls = readTlsIdentity(data.caller(operator));
  const untilMs = performance.now() + servingWithinMs;
  for (const { name, service, grpc } of addresses.replicas) {
    const serving = await waitUntilServing(grpc, rpcCredentials(tls, service), () => performance.now() > untilMs);
    process.stdout.write(`  ${name.padEnd(18)} ${serving ? 'serving' : `not serving: docker compose logs ${name}`}\n`);
    if (!serving) process.exit(1);
  }
  await registerOwnAgent(data, addresses.grpc);
  await writeRunning(data, { ...describeRunning(data, installation, addresses, new Date().toISOString(), {}), pid });
  process.stdout.write(`ready: npx tillid demo --data ${data.path}\n  traces   http://127.0.0.1:16686\n  metrics  http://127.0.0.1:9090\n`);
}

/** Until SIGTERM. Holds the folder's lock, as `tillid up` does: whoever would start that on this folder is told. */
async function authority() {
  const lock = takeLock(data.lock);
  if (!lock) throw new Error(`another process holds ${data.path}`);
  const prepareAgain = () => prepareInstallation(data, installation, systemClock.nowMs());
  const signer = await prepareAgain();
  const complain = (error) => process.stderr.write(`${error.message}\n`);
  renewDaily(prepareAgain, complain);
  const stopped = new Promise((resolve) => ['SIGTERM', 'SIGINT'].forEach((signal) => process.once(signal, resolve)));
  process.stdout.write('signing\n');
  for (let going = true; going; going = (await Promise.race([stopped, pause(lookForRequestsEveryMs, 'on')])) === 'on') await signRequests(data, signer, systemClock.nowMs()).catch(complain);
  lock.release();
}
