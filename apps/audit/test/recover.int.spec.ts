import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { silentLogger } from '@tillid/runtime';
import { copyDatabase, sqliteCompareAndSetRecord, sqliteEventStore } from '@tillid/store-sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditEvents, auditSource } from '../src/domain/audit.events.js';
import { decodeTreeHead } from '../src/integrate/tree-head.js';
import { recover } from '../src/recover/recover.js';
import { auditInTest } from './audit-in-test.js';

let audit: Awaited<ReturnType<typeof auditInTest>>;
let backup: string;
/** What is in the ledger when the machine fails, and how much of it the backup has. */
let entries = 0;
let backedUp = 0;

/** Acts of every source, audit's own among them. */
async function acts(count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    await audit.happens('identity/0', 'tillid.identity.v1.CitizenRead');
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized');
    audit.passTime(1000);
    await audit.saysHead('identity/0');
    await audit.headsRecorder.record();
    await audit.settled();
  }
}

beforeAll(async () => {
  audit = await auditInTest();
  backup = await mkdtemp(join(tmpdir(), 'tillid-recover-'));
  await acts(60);
  backedUp = (await audit.stores.ledger.head()).position;
  // Audit's own log is older than its ledger, in the backup as well.
  copyDatabase(join(audit.data, 'log.sqlite'), join(backup, 'log.sqlite'));
  await acts(20);
  backedUp = (await audit.stores.ledger.head()).position;
  copyDatabase(join(audit.data, 'ledger.sqlite'), join(backup, 'ledger.sqlite'));
  expect(await audit.signedTree.waitForSize(backedUp, AbortSignal.timeout(10_000))).toBe(true);
  copyDatabase(join(audit.data, 'tree-head.sqlite'), join(backup, 'tree-head.older'));
  await acts(60);
  entries = (await audit.stores.ledger.head()).position;
  expect(await audit.signedTree.waitForSize(entries, AbortSignal.timeout(10_000))).toBe(true);
});

afterAll(async () => {
  await audit.close();
  await rm(backup, { recursive: true });
});

/** A data folder from the backup, and what is kept apart: the log's files and the last signed head. */
async function restored(change: (data: string) => Promise<unknown> = () => Promise.resolve(undefined)) {
  const data = await mkdtemp(join(tmpdir(), 'tillid-recover-'));
  await cp(backup, data, { recursive: true });
  await cp(join(audit.data, 'log'), join(data, 'log'), { recursive: true });
  copyDatabase(join(audit.data, 'tree-head.sqlite'), join(data, 'tree-head.sqlite'));
  await writeFile(join(data, 'restored'), '{}');
  await change(data);
  const stores = { events: await sqliteEventStore({ path: join(data, 'log.sqlite') }), ledger: await sqliteEventStore({ path: join(data, 'ledger.sqlite') }), treeHead: await sqliteCompareAndSetRecord({ path: join(data, 'tree-head.sqlite') }) };
  return {
    stores,
    recover: () => recover({ stores, source: auditSource, verifier: audit.vkey, data, alone: true, clock: { nowMs: audit.now }, logger: silentLogger }),
    async remove() {
      for (const store of Object.values(stores)) await store.close();
      await rm(data, { recursive: true });
    },
  };
}

describe('audit put back from a backup', () => {
  it('has its ledger again from the bundles of its log, and its own log from the ledger: the same bytes, the same chains', async () => {
    const { stores, recover: again, remove } = await restored();
    expect((await stores.ledger.head()).position).toBe(backedUp);
    expect(entries).toBeGreaterThan(backedUp + 100);
    await again();
    expect(await stores.ledger.head()).toEqual(await audit.stores.ledger.head());
    for (const source of ['identity/0', 'consent/0', auditSource]) expect(await stores.ledger.lastRevision(source)).toBe(await audit.stores.ledger.lastRevision(source));
    expect(await stores.events.head()).toEqual(await audit.stores.events.head());
    // A second start has nothing left to do.
    await again();
    expect((await stores.ledger.head()).position).toBe(entries);
    await remove();
  });

  it('goes by its own newest checkpoint when the head that was kept apart is an older copy', async () => {
    const { stores, recover: again, remove } = await restored((data) => cp(join(data, 'tree-head.older'), join(data, 'tree-head.sqlite')));
    await again();
    expect(await stores.ledger.head()).toEqual(await audit.stores.ledger.head());
    const { size, chain, checkpoint } = decodeTreeHead((await stores.treeHead.get())!.value, audit.vkey);
    expect([size, checkpoint]).toEqual([entries, audit.signedTree.head.checkpoint]);
    expect(Buffer.from(chain)).toEqual(Buffer.from(audit.signedTree.head.chain));
    await remove();
  });

  it.each([
    ['the last signed tree head is gone', (data: string) => rm(join(data, 'tree-head.sqlite')), 'log.record_missing'],
    ['the log is older than what was signed', (data: string) => rm(join(data, 'log/tile/entries'), { recursive: true }), 'log.ledger_shorter'],
    ['the head is an older copy and the files above it were changed', (data: string) => cp(join(data, 'tree-head.older'), join(data, 'tree-head.sqlite')).then(() => changeOneByte(join(data, 'log/tile/entries/000'))), 'log.edge_differs'],
    ['an entry in a bundle was changed', (data: string) => changeOneByte(join(data, 'log/tile/entries/000')), 'log.ledger_differs'],
  ])('appends and signs nothing when %s', async (_what, change, reason) => {
    const { stores, recover: again, remove } = await restored(change);
    await expect(again()).rejects.toMatchObject({ reason });
    expect((await stores.ledger.head()).position).toBe(backedUp);
    await remove();
  });
});

describe('a service that asks audit for its lost tail', () => {
  const own = (id: string) => audit.service.as({ kind: 'service', id });

  it('gets its own source, from where it asks, with the newest head that was seen of it', async () => {
    const { position, head } = await own('identity').call(AuditServiceService.getSourceEnd, {});
    expect(position).toBe(140);
    expect(head).toMatchObject({ source: 'identity/0', position: 140 });
    const events: Buffer[] = [];
    for await (const batch of own('identity').stream(AuditServiceService.replaySource, { afterPosition: 137 })) {
      expect(batch.firstPosition).toBe(138 + events.length);
      events.push(...batch.events);
    }
    const recorded = async () => (await audit.stores.events.readStream(`source-replayed-identity-${new Date(audit.now()).toISOString().slice(0, 10)}`)).map(({ bytes }) => auditEvents.decode(bytes, 1)?.event);
    expect(await recorded()).toEqual([expect.objectContaining({ type: 'SourceReplayed', source: 'identity/0' })]);
    expect(events.map((bytes) => Buffer.from(bytes))).toEqual((await audit.stores.ledger.readStream('identity/0', 137)).map(({ bytes }) => Buffer.from(bytes)));
  });

  it('gets nobody else’s: which source it is says its certificate, and no one but a service is answered', async () => {
    const sources = new Set<number>();
    for await (const batch of own('consent').stream(AuditServiceService.replaySource, {})) sources.add(batch.events.length);
    expect([...sources]).toEqual([140]);
    expect((await own('consent').call(AuditServiceService.getSourceEnd, {})).head).toBeUndefined();
    for (const caller of [{ kind: 'auditor', id: 'identity' }, { kind: 'relying_service', id: 'identity' }, { kind: 'operator', id: 'identity' }, { kind: 'service', id: 'audit' }] as const) {
      await expect(audit.service.as(caller).call(AuditServiceService.getSourceEnd, {})).rejects.toMatchObject({ code: 'call.not_allowed' });
    }
  });
});

async function changeOneByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
}
