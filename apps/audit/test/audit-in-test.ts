import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSourceKeyFile, sourceKeyFrom, systemIds } from '@tillid/crypto';
import { ActorKind, Event, Result } from '@tillid/contracts/event/v1/event';
import { ClientRegistered, SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { ShareAuthorized } from '@tillid/contracts/consent/v1/events';
import { followLog, followSource, hashOf, ProgressBook, type EventStore, type SourceReader } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { silentLogger } from '@tillid/runtime';
import type { NoteVerifier, Policy } from '@tillid/transparency';
import { inMemoryService, sqliteStores, type Worker } from '@tillid/service';
import { assembleAudit } from '../src/audit.assembly.js';
import { AuditController } from '../src/audit.controller.js';
import { openStores } from '../src/audit.stores.js';
import { auditSource, ledgerSource, loggedEvents, sources } from '../src/domain/audit.events.js';
import { Integrator } from '../src/integrate/integrator.js';
import { LogFolder } from '../src/integrate/log-folder.js';
import { SignedTree } from '../src/integrate/signed-tree.js';
import { openSigningKey } from '../src/integrate/signing-key.js';
import { oneKey } from '../src/log-keys/tree-keys.js';
import { accuser } from '../src/take-in/who-changed.js';
import { CosignedTree } from '../src/witness/cosigned-tree.js';
import { WitnessRounds } from '../src/witness/witness-rounds.js';

const payloads: Record<string, (payload: never) => Uint8Array> = {
  'tillid.authentication.v1.ClientRegistered': (payload) => ClientRegistered.encode(ClientRegistered.fromPartial(payload)).finish(),
  'tillid.authentication.v1.SubjectLinked': (payload) => SubjectLinked.encode(SubjectLinked.fromPartial(payload)).finish(),
  'tillid.consent.v1.ShareAuthorized': (payload) => ShareAuthorized.encode(ShareAuthorized.fromPartial(payload)).finish(),
};

/** Audit on its real stores and files; the other services' logs are in memory, and come in without the network. */
export async function auditInTest(witnessPolicy?: (log: NoteVerifier) => Policy | Promise<Policy>, around = (ledger: EventStore) => ledger) {
  const data = await mkdtemp(join(tmpdir(), 'tillid-audit-'));
  let nowMs = Date.parse('2026-11-24T10:00:00Z');
  const clock = { nowMs: () => nowMs };
  const opened = await openStores(sqliteStores(data));
  const stores = { ...opened, ledger: around(opened.ledger) };
  const key = await openSigningKey('log.example/one', Buffer.alloc(32, 5), join(data, 'log.vkey'));
  const folder = await LogFolder.open(join(data, 'log'));
  const signedTree = new SignedTree();
  const integrator = await Integrator.open({ keys: oneKey(key), signedTree, ledger: stores.ledger, folder, record: stores.treeHead, clock, logger: silentLogger, checkpointIntervalMs: 20 });
  const policy = await witnessPolicy?.(key.verifier);
  const cosignedTree = new CosignedTree(policy, nowMs);
  const rounds = policy && new WitnessRounds({ policy, cosignedTree, signedTree, files: folder, clock, logger: silentLogger, intervalMs: 50, againAfterMs: 300 });
  const book = new ProgressBook();
  const log = { store: stores.events, codec: loggedEvents, source: auditSource, clock, ids: systemIds };
  const audit = await assembleAudit({ log, ledger: stores.ledger, readModels: stores.readModels, readings: stores.readings, book, signedTree, cosignedTree, files: folder });
  const logs = new Map<string, EventStore>(sources.map((source) => [source, source === auditSource ? stores.events : inMemoryEventStore()]));
  const keys = new Map(sources.map((source) => [source as string, sourceKeyFrom(newSourceKeyFile())]));
  const readers = audit.readers.map((consumer) => followLog({ source: ledgerSource, consumer, book, clock, store: stores.ledger }));
  const followers: Worker[] = [...[...logs].map(([source, store]) => followLog({ source, consumer: audit.takeIn, book, clock, store })), ...readers];
  const accuse = accuser({ ledger: stores.ledger, headsRecorder: audit.headsRecorder, book, logger: silentLogger });
  for (const worker of [integrator, ...followers, ...(rounds ? [rounds] : [])]) void worker.start();
  const service = inMemoryService({ name: 'audit', controllers: [new AuditController(audit.room)], store: stores.events, progress: book, clock });
  const patience = () => AbortSignal.timeout(10_000);

  return {
    ...audit,
    data,
    stores,
    signedTree,
    cosignedTree,
    vkey: key.verifier,
    service,
    passTime: (ms: number) => void (nowMs += ms),
    now: () => nowMs,
    /** The lists take nothing more from the ledger. */
    async stopLists(): Promise<void> {
      for (const reader of readers) await reader.stop();
    },
    /** A service is heard over a feed, signed heads and all. */
    hear(source: string, reader: SourceReader): { stop(): Promise<void> } {
      const follower = followSource({ source, reader, consumer: audit.takeIn, book, clock, retryPauseMs: 1, onHead: (head) => audit.heads.heard(head), onParked: (parked) => void accuse(parked) });
      follower.start();
      followers.unshift(follower);
      return follower;
    },
    /** Something happens in another service. Answers when it is in the ledger and in every read model. */
    async happens(source: string, type: string, fields: Partial<Event> = {}, payload: object = {}): Promise<{ position: number; leafIndex: number }> {
      const position = await this.isWritten(source, type, fields, payload);
      await book.waitFor('ledger', source, position, patience());
      const [entry] = await stores.ledger.readStream(source, position - 1, 1);
      await this.settled();
      return { position, leafIndex: (entry?.position ?? 0) - 1 };
    },
    /** Something happens there, and is on its way. Answers with its position. */
    async isWritten(source: string, type: string, fields: Partial<Event> = {}, payload: object = {}): Promise<number> {
      const store = logs.get(source) as EventStore;
      const position = (await store.head()).position + 1;
      const event = Event.encode(
        Event.fromPartial({ id: systemIds.bytes(16), salt: systemIds.bytes(16), source, type, schemaRevision: 1, stream: `thing-${position}`, revision: 1, occurredAt: new Date(nowMs), outcome: { result: Result.OK }, actor: { kind: ActorKind.SYSTEM, id: 'test' }, data: Buffer.from(payloads[type]?.(payload as never) ?? []), ...fields }),
      ).finish();
      await store.append({ commandId: hashOf(source, String(position)).subarray(0, 16), fingerprint: Buffer.alloc(32), writes: [{ stream: `thing-${position}`, expectedRevision: 0, events: [event] }] });
      return position;
    },
    /** The source says where it stands, as its feed would every second. */
    async saysHead(source: string): Promise<void> {
      const head = await (logs.get(source) as EventStore).head();
      await book.waitFor('ledger', source, head.position, patience());
      const signed = keys.get(source)?.sign({ source, position: head.position, chain: head.chain, timeMs: nowMs });
      if (signed) audit.heads.heard(signed);
    },
    /** Everything in the ledger is in the read models. */
    async settled(): Promise<void> {
      for (const [source, store] of logs) await book.waitFor('ledger', source, (await store.head()).position, patience());
      const { position } = await stores.ledger.head();
      for (const { name } of audit.readers) await book.waitFor(name, ledgerSource, position, patience());
    },
    async close(): Promise<void> {
      for (const worker of [...(rounds ? [rounds] : []), ...followers, integrator]) await worker.stop();
      for (const store of [stores.readModels, stores.readings, stores.events, stores.ledger, stores.treeHead]) await store.close();
      await rm(data, { recursive: true });
    },
  };
}
