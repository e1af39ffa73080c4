import { mkdtempSync, rmSync, statSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleAudit } from '../../apps/audit/dist/audit.assembly.js';
import { AuditController } from '../../apps/audit/dist/audit.controller.js';
import { openStores } from '../../apps/audit/dist/audit.stores.js';
import { CosignedTree } from '../../apps/audit/dist/witness/cosigned-tree.js';
import { ledgerSource, loggedEvents, sources } from '../../apps/audit/dist/domain/audit.events.js';
import { systemIds } from '../../libs/crypto/dist/index.js';
import { chained, ProgressBook, startingPoint } from '../../libs/eventsourcing/dist/index.js';
import { inMemoryService, sqliteStores } from '../../libs/service/dist/index.js';
import { appendReads } from '../ingest/backlog.mjs';

const batchEvents = 1_000;
const nothingSigned = { size: 0, root: Buffer.alloc(32), chain: Buffer.alloc(32), checkpoint: '', signedAtMs: Date.now() };

/** Audit on its real stores, alone in this process: its ledger is written directly, and its read models are fed when asked. */
export async function auditAlone() {
  const data = mkdtempSync(join(tmpdir(), 'tillid-bench-audit-'));
  const clock = { nowMs: () => Date.now() };
  const stores = await openStores(sqliteStores(data));
  const book = new ProgressBook();
  const log = { store: stores.events, codec: loggedEvents, source: 'audit/0', clock, ids: systemIds };
  const audit = await assembleAudit({ log, ledger: stores.ledger, readModels: stores.readModels, readings: stores.readings, book, signedTree: { head: nothingSigned, stopped: '', waitForSize: async () => true }, cosignedTree: new CosignedTree(undefined), files: {} });
  const service = inMemoryService({ name: 'audit', controllers: [new AuditController(audit.room)], store: stores.events, progress: book, clock });
  for (const source of sources) book.moved('ledger', source, 0);
  return {
    ...audit,
    book,
    ledger: stores.ledger,
    treeHead: stores.treeHead,
    agent: service.as({ kind: 'citizen_agent', id: 'agent' }),
    bytesOnDisk: () => readdirSync(data).reduce((sum, file) => sum + statSync(join(data, file)).size, 0),
    /** Reads by officials, of these citizens in turn. */
    write: (citizenIds, events) => appendReads(stores.ledger, citizenIds, events),
    /** Feeds one read model everything it has not got, as its follower would. */
    async feed(consumer) {
      let standing = await consumer.standing(ledgerSource);
      if (standing.chain.length === 0) standing = startingPoint;
      for (;;) {
        const page = await stores.ledger.readAll(standing.position, batchEvents);
        if (page.length === 0) break;
        const events = chained(standing, page.map(({ bytes }) => bytes));
        standing = { ...standing, position: events.at(-1).position, chain: events.at(-1).chain };
        await consumer.apply(ledgerSource, events, standing);
      }
      book.moved(consumer.name, ledgerSource, standing.position);
    },
    async close() {
      for (const store of [stores.readModels, stores.readings, stores.events, stores.ledger, stores.treeHead]) await store.close();
      rmSync(data, { recursive: true });
    },
  };
}
