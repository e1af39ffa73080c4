import { describe } from 'vitest';
import { eventStoreContract } from '@tillid/testing';
import { mongoEventStore } from '../src/index.js';
import { mongoForSpecs, storeOn } from './on-mongo.js';

const engines = await mongoForSpecs();

describe.skipIf(!engines)('on MongoDB', () => {
  const url = engines?.mongoUrl ?? '';
  const eventStore = storeOn(url, { eventLogs: ['log'] }, (database) => mongoEventStore({ database, name: 'log' }));

  eventStoreContract('MongoDB', eventStore, {
    shared: eventStore,
    withShortQueue: storeOn(url, { eventLogs: ['log'] }, (database) => mongoEventStore({ database, name: 'log', limits: { maxQueuedCommits: 4 } })),
  });
});
