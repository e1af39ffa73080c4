import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { sqliteEventStore } from '../../libs/store-sqlite/dist/index.js';

/** On the calling thread, counting its batches. */
export async function onMainThread(path) {
  let batches = 0;
  const store = await sqliteEventStore({ path, at: (moment) => void (moment === 'before_insert' && (batches += 1)) });
  return { append: (commit) => store.append(commit), close: () => store.close(), batches: () => batches };
}

export async function inWorker(path) {
  const worker = new Worker(new URL('store-worker.mjs', import.meta.url), { workerData: { path } });
  await once(worker, 'message');
  const waiting = new Map();
  let lastId = 0;
  worker.on('message', ({ id, outcome }) => {
    waiting.get(id)(outcome);
    waiting.delete(id);
  });
  return {
    append: (commit) => new Promise((resolve) => {
      lastId += 1;
      waiting.set(lastId, resolve);
      worker.postMessage({ id: lastId, commit });
    }),
    async close() {
      const ended = once(worker, 'exit');
      worker.postMessage({});
      await ended;
    },
  };
}
