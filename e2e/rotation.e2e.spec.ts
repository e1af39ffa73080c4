import { join } from 'node:path';
import { fileSecrets } from '@tillid/crypto';
import { sqliteEventStore } from '@tillid/store-sqlite';
import { afterAll, beforeAll } from 'vitest';
import { rotatesLive } from './support/rotation.js';
import { System } from './support/system.js';

let system: System;
beforeAll(async () => {
  system = await System.start(21_900);
});
afterAll(() => system?.remove());

rotatesLive('a system on files', () => ({
  system,
  secretsOf: async (name) => fileSecrets(join(system.data, name, 'secrets')),
  logOf: (name) => sqliteEventStore({ path: join(system.data, name, 'log.sqlite') }),
}));
