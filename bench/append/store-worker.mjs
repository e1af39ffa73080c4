// The store in a thread of its own, as it would be for a loop that must not be held.
import { parentPort, workerData } from 'node:worker_threads';
import { sqliteEventStore } from '../../libs/store-sqlite/dist/index.js';

const store = await sqliteEventStore({ path: workerData.path });
parentPort.on('message', async ({ id, commit }) => {
  if (!commit) {
    await store.close();
    process.exit(0);
  }
  parentPort.postMessage({ id, outcome: await store.append(commit) });
});
parentPort.postMessage({ ready: true });
