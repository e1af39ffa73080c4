import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createSigningRequest, issueCertificate, type Authority } from '@tillid/crypto';
import { inMemoryCompareAndSetRecord, inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import type { TlsIdentity } from '@tillid/rpc';
import { noteSigner, parseVkey, tilePath, verifyLog, vkeyOf } from '@tillid/transparency';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFolder } from '../src/integrate/log-folder.js';
import { RemoteTiles } from '../src/integrate/remote-tiles.js';
import { SignedTree } from '../src/integrate/signed-tree.js';
import { TreeLog } from '../src/integrate/tree-log.js';
import { oneKey } from '../src/log-keys/tree-keys.js';
import { TreeWatch } from '../src/integrate/tree-watch.js';

const seed = Buffer.alloc(32, 3);
const signer = noteSigner('log.example/one', seed);
const verifier = parseVkey(vkeyOf('log.example/one', seed));
const clock = { nowMs: () => Date.now() };

let authority: Authority;
let server: Server | undefined;

async function identityOf(id: string): Promise<TlsIdentity> {
  const name = { kind: 'service', id } as const;
  const { keyPem, requestPem } = await createSigningRequest(name);
  return { key: Buffer.from(keyPem), cert: Buffer.from(await issueCertificate(authority, requestPem, name, Date.now())), ca: Buffer.from(authority.certificatePem) };
}

/** An integrator with a signed log on its volume, behind an mTLS listener with the certificate of `owner`. */
async function integrator(owner: string) {
  const folder = await LogFolder.open(join(await mkdtemp(join(tmpdir(), 'tillid-tiles-')), 'log'));
  const [ledger, record] = [inMemoryEventStore(), inMemoryCompareAndSetRecord()];
  const events = Array.from({ length: 300 }, (_, index) => Buffer.from(`event ${index}`));
  await ledger.append({ commandId: Buffer.alloc(16), fingerprint: Buffer.alloc(32), writes: [{ stream: 'consent/0', expectedRevision: 0, events }] });
  const tree = await TreeLog.open({ ledger, folder, record, keys: oneKey({ signer, verifier }), clock });
  while ((await tree.integrate()) > 0);
  server = createServer({ ...(await identityOf(owner)), requestCert: true, rejectUnauthorized: true }, (request, reply) => {
    void folder.read(request.url!.slice(1)).then((bytes) => reply.writeHead(bytes ? 200 : 404).end(bytes));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { ledger, record, tree, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

beforeEach(async () => {
  authority = await createAuthority('test', Date.now());
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

it('a replica of audit without a volume proves the same log from the integrator\'s files', async () => {
  const { url, tree } = await integrator('audit');
  const tiles = new RemoteTiles(url, await identityOf('audit'));
  expect(await verifyLog(tiles, verifier, { entries: true })).toMatchObject({ holds: true, checkpoint: tree.head.checkpoint });
  expect(await tiles.read(tilePath(3, 0))).toBeUndefined();
  expect(await tiles.read('../log.vkey')).toBeUndefined();
  tiles.close();
});

it('reads from nobody else: another service in its place is not believed', async () => {
  const { url } = await integrator('identity');
  const tiles = new RemoteTiles(url, await identityOf('audit'));
  await expect(tiles.read('checkpoint')).rejects.toThrow('tillid://service/audit');
  tiles.close();
});

it('knows what is signed from the record, and answers who waits for it', async () => {
  const { ledger, record, tree } = await integrator('audit');
  const signedTree = new SignedTree();
  const watch = new TreeWatch({ record, ledger, keys: oneKey({ signer, verifier }), signedTree, clock, onTrouble: () => undefined });
  await watch.start();
  expect(signedTree.head.checkpoint).toBe(tree.head.checkpoint);
  const waiting = signedTree.waitForSize(301, AbortSignal.timeout(5_000));
  await ledger.append({ commandId: Buffer.alloc(16, 1), fingerprint: Buffer.alloc(32), writes: [{ stream: 'consent/0', expectedRevision: 300, events: [Buffer.from('one more')] }] });
  await tree.integrate();
  expect(await waiting).toBe(true);
  expect(signedTree.head.checkpoint).toBe(tree.head.checkpoint);
  await watch.stop();
});
