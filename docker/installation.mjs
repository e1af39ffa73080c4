// The two things around `docker compose up` that only our own code can do: `prepare FOLDER` before it, `announce FOLDER` after it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTlsIdentity, rpcCredentials } from '../libs/rpc/dist/index.js';
import { systemClock } from '../libs/runtime/dist/index.js';
import { addressesFrom, mostReplicas } from '../apps/tillid/dist/installation/addresses.js';
import { DataFolder } from '../apps/tillid/dist/installation/data-folder.js';
import { openInstallation } from '../apps/tillid/dist/installation/installation.js';
import { prepareInstallation } from '../apps/tillid/dist/installation/prepare.js';
import { describeRunning, writeRunning } from '../apps/tillid/dist/installation/running.js';
import { partyOf } from '../apps/tillid/dist/system/party.js';
import { registerClient } from '../apps/tillid/dist/system/register-clients.js';
import { waitUntilServing } from '../apps/tillid/dist/up/health.js';

const operator = { kind: 'operator', id: 'operator' };
/** The machine's first process, which is always there: what runs is Docker's, and comes back by itself when the machine does. */
const pid = 1;
const servingWithinMs = 180_000;

const [command, path] = process.argv.slice(2);
const data = new DataFolder(path);
const installation = await openInstallation(data, undefined, 'database');
await { prepare, announce }[command]();
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
  const party = partyOf(operator, data.caller(operator), addresses.grpc);
  await registerClient(party, { name: { kind: 'citizen_agent', id: 'tillid-agent' }, publicName: 'Tillid' });
  party.close();
  await writeRunning(data, { ...describeRunning(data, installation, addresses, new Date().toISOString(), {}), pid });
  process.stdout.write(`ready: npx tillid demo --data ${data.path}\n  traces   http://127.0.0.1:16686\n  metrics  http://127.0.0.1:9090\n`);
}
