import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { Event } from '@tillid/contracts/event/v1/event';
import type { Batch, GetHeadReply } from '@tillid/contracts/feed/v1/service';
import { newSourceKeyFile, sourceKeyFrom, systemIds, type SourceKey } from '@tillid/crypto';
import { followSource, ledgerConsumer, ProgressBook, type EventStore, type FeedBatch, type SourceReader } from '@tillid/eventsourcing';
import { FeedController, sqliteStores, type Call } from '@tillid/service';
import { bundlePath, encodeEntries, InMemoryLog, noteSigner, parseBundle, type NoteVerifier } from '@tillid/transparency';
import { announcementOf, auditSource, bytesOf, eventOf, headOf } from './events.js';
import { compare, Heads, HeadsRecorder, LogFolder, loggedEvents, oneKey, openLog, openSigningKey, replay, TreeLog, verify, withBundles } from './programs.js';

export const origin = 'log.example/tamper';
export const seed = Buffer.alloc(32, 5);
export const sourceNames = ['identity/0', 'consent/0', auditSource] as const;
export const morning = Date.UTC(2026, 10, 24, 8);
const minuteMs = 60_000;
const minutes = 12;
/** After the last of them something happened that no head covers yet. */
export const evening = morning + minutes * minuteMs + 500;

const storesOf = (folder: string, source: string) => sqliteStores(join(folder, source.split('/')[0]!));

export interface Feed {
  readonly source: string;
  getHead(): Promise<GetHeadReply>;
  subscribe(): AsyncIterable<Batch>;
}

/** A source's feed with nothing between it and its reader: batches of 50, each under its head; then a head again and again. */
export function feedOf(source: string, key: SourceKey, events: readonly Uint8Array[], timeMs = evening): Feed {
  return {
    source,
    getHead: async () => ({ head: headOf(source, key, events, timeMs), publicKey: key.publicKey, following: [] }),
    async *subscribe() {
      for (let sent = 0; ; ) {
        const batch = events.slice(sent, sent + 50).map((bytes) => Buffer.from(bytes));
        sent += batch.length;
        yield { firstPosition: batch.length === 0 ? 0 : sent - batch.length + 1, events: batch, head: headOf(source, key, events.slice(0, sent), timeMs) };
      }
    },
  };
}

/** What the real parts of an installation left in a folder: every service's log, the ledger, the tree and its files. Copies of it are what is tampered with. */
export class Installation {
  private constructor(
    readonly folder: string,
    readonly keys: ReadonlyMap<string, SourceKey>,
    readonly verifier: NoteVerifier,
    /** The ledger. */
    readonly leaves: readonly Uint8Array[],
    /** Each source's own log. */
    readonly events: ReadonlyMap<string, readonly Uint8Array[]>,
    /** What somebody kept halfway. */
    readonly keptCheckpoint: string,
  ) {}

  /** Stores, feeds, take-in, recorded heads and signed tree are the programs' own; only the clock is ours. */
  static async run(): Promise<Installation> {
    const folder = mkdtempSync(join(tmpdir(), 'tillid-tamper-'));
    let nowMs = morning;
    const clock = { nowMs: () => nowMs };
    const keys = new Map(sourceNames.map((source) => [source as string, sourceKeyFrom(newSourceKeyFile())]));
    const logs = new Map<string, EventStore>();
    for (const source of sourceNames) logs.set(source, await storesOf(folder, source).eventStore('log'));
    const audit = storesOf(folder, auditSource);
    const [ledger, readModels, record] = [await audit.eventStore('ledger'), await audit.readModelStore(), await audit.record('tree-head')];
    const { signer, verifier } = await openSigningKey(origin, seed, join(folder, 'audit/log.vkey'));
    const tree = await TreeLog.open({ ledger, folder: await LogFolder.open(join(folder, 'audit/log')), record, keys: oneKey({ signer, verifier }), clock });
    const heads = new Heads(clock);
    const recorder = new HeadsRecorder({ store: logs.get(auditSource)!, codec: loggedEvents, source: auditSource, clock, ids: systemIds }, heads);
    const book = new ProgressBook();

    const revisions = new Map<string, number>();
    const commit = async (source: string, ...streams: readonly string[]) => {
      const commandId = systemIds.bytes(16);
      const writes = streams.map((stream, index) => {
        const expectedRevision = revisions.get(source + stream) ?? 0;
        revisions.set(source + stream, expectedRevision + 1);
        return { stream, expectedRevision, events: [bytesOf(eventOf(source, stream, expectedRevision + 1, nowMs, { commandId, commitIndex: index, commitSize: streams.length }))] };
      });
      await logs.get(source)!.append({ commandId, fingerprint: Buffer.alloc(32), writes });
    };
    const feeds = sourceNames.map((source) => {
      const key = keys.get(source)!;
      const signer = { sign: async (position: number, chain: Uint8Array, timeMs = nowMs) => key.sign({ source, position, chain, timeMs }), publicKeyAt: async () => key.publicKey };
      const feed = new FeedController({ source, store: logs.get(source)!, signer, progress: book, clock });
      return { source, reader: { subscribe: (_: string, afterPosition: number, signal: AbortSignal) => feed.subscribe({ source, afterPosition }, { signal } as Call) } satisfies SourceReader };
    });
    for (const source of sourceNames) await logs.get(source)!.append({ commandId: systemIds.bytes(16), fingerprint: Buffer.alloc(32), writes: [{ stream: 'source-keys', expectedRevision: 0, events: [bytesOf(announcementOf(source, keys.get(source)!, nowMs))] }] });
    const followers = feeds.map((feed) => followSource({ ...feed, consumer: ledgerConsumer(ledger, readModels), book, clock, onHead: (head) => heads.heard(head) }));
    for (const follower of followers) follower.start();
    const integrated = async () => {
      for (const [source, store] of logs) {
        const { position } = await store.head();
        if (!(await book.waitFor('ledger', source, position, AbortSignal.timeout(10_000)))) throw new Error(`${source} does not come in`);
        while ((heads.of(source)?.head.position ?? 0) < position) await setImmediate();
      }
      while (await tree.integrate());
    };

    let keptCheckpoint = '';
    for (let minute = 1; minute <= minutes; minute++) {
      nowMs = morning + minute * minuteMs;
      for (let count = 0; count < 9; count++) await commit('consent/0', `consent-${(minute * 9 + count) % 30}`);
      for (let count = 0; count < 4; count++) await commit('consent/0', `consent-${minute}`, `share-${minute}-${count}`);
      for (let count = 0; count < 12; count++) await commit('identity/0', `citizen-${(minute * 5 + count) % 20}`);
      await integrated();
      nowMs += 400;
      await recorder.record();
      await integrated();
      if (minute === minutes / 2) keptCheckpoint = tree.head.checkpoint;
    }
    nowMs = evening;
    await commit('consent/0', 'consent-1', 'share-late');
    await integrated();

    for (const follower of followers) await follower.stop();
    const leaves = (await ledger.readAll(0, 10_000)).map(({ bytes }) => bytes);
    const events = new Map<string, readonly Uint8Array[]>();
    for (const [source, store] of logs) events.set(source, (await store.readAll(0, 10_000)).map(({ bytes }) => bytes));
    for (const store of [...logs.values(), ledger, readModels, record]) await store.close?.();
    return new Installation(folder, keys, verifier, leaves, events, keptCheckpoint);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  copy(): Copy {
    const folder = mkdtempSync(join(tmpdir(), 'tillid-tampered-'));
    cpSync(this.folder, folder, { recursive: true });
    return new Copy(folder, this);
  }

  /** The leaf of a source's position. */
  leafOf(source: string, position: number): number {
    return this.leaves.map((bytes, index) => ({ index, source: Event.decode(bytes).source })).filter((leaf) => leaf.source === source)[position - 1]!.index;
  }
}

/** One copy, to be tampered with and then looked at by the programs. */
export class Copy {
  constructor(readonly folder: string, readonly original: Installation) {}

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  path(file: string): string {
    return join(this.folder, 'audit/log', file);
  }

  /** A file of the log, changed. */
  change(file: string, how: (bytes: Buffer) => Uint8Array): void {
    writeFileSync(this.path(file), how(readFileSync(this.path(file))));
  }

  changeBundle(index: number, width: number, how: (entries: Uint8Array[]) => Uint8Array[]): void {
    this.change(bundlePath(index, width), (bytes) => encodeEntries(how(parseBundle(bytes, width))));
  }

  /** The whole log anew, as whoever holds the log's key (or another) signs it. */
  signAnew(leaves: readonly Uint8Array[], by = seed, as = origin): void {
    rmSync(join(this.folder, 'audit/log'), { recursive: true });
    const log = new InMemoryLog(noteSigner(as, by));
    log.append(leaves);
    this.write(log.files);
  }

  write(files: ReadonlyMap<string, Uint8Array>): void {
    for (const [file, bytes] of files) {
      mkdirSync(dirname(this.path(file)), { recursive: true });
      writeFileSync(this.path(file), bytes);
    }
  }

  /** As somebody with the file and a shell does it, the service being stopped. */
  sql(store: string, statement: string, ...values: (string | number | Uint8Array)[]): void {
    const database = new DatabaseSync(join(this.folder, `${store}.sqlite`));
    if (database.prepare(statement).run(...values).changes === 0 && !statement.startsWith('CREATE ')) throw new Error(`${statement}: nothing was changed`);
    database.close();
  }

  async eventsIn(service: string, store = 'log'): Promise<Uint8Array[]> {
    const opened = await sqliteStores(join(this.folder, service)).eventStore(store);
    const events = (await opened.readAll(0, 10_000)).map(({ bytes }) => bytes);
    await opened.close();
    return events;
  }

  // Who looks. Each answers with the codes of what it found.

  async verify(options: { readonly previousCheckpoint?: string; readonly previousAgeMs?: number } = {}): Promise<string[]> {
    const { log, record } = await verify(await openLog({ log: this.path(''), vkey: join(this.folder, 'audit/log.vkey'), data: '/nowhere', entries: true }), { entries: true, ...options });
    return codesOf([...log.findings, ...(record?.findings ?? [])]);
  }

  verifyWithState(previousAgeMs = 0): Promise<string[]> {
    return this.verify({ previousCheckpoint: this.original.keptCheckpoint, previousAgeMs });
  }

  /** Against what the sources give: their own logs, but for those told otherwise. */
  async compare(others: readonly Feed[] = []): Promise<string[]> {
    const { keys, events } = this.original;
    const services = sourceNames.map((source) => others.find((other) => other.source === source) ?? feedOf(source, keys.get(source)!, events.get(source)!));
    const open = () => openLog({ log: this.path(''), vkey: join(this.folder, 'audit/log.vkey'), data: '/nowhere', entries: true });
    const { differences, log, record } = await compare(services, open, async () => {});
    return codesOf([...differences, ...log.findings, ...record.findings]);
  }

  /** The tiles as published, the entries as audit's Replay reads them out of its ledger. */
  async replay(change: (entries: Uint8Array[]) => Uint8Array[] = (entries) => entries): Promise<string[]> {
    const entries = change(await this.eventsIn('audit', 'ledger'));
    const opened = await openLog({ log: this.path(''), vkey: join(this.folder, 'audit/log.vkey'), data: '/nowhere', entries: true });
    const files = withBundles({ read: (path) => opened.files.read(path) }, (async function* each() { yield* entries; })());
    const { log, record } = await replay({ ...opened, files }, async () => {});
    return codesOf([...log.findings, ...record.findings]);
  }

  /** Audit starts, and takes the next leaves in. */
  async startAudit(): Promise<string[]> {
    const stores = storesOf(this.folder, auditSource);
    const [ledger, record] = [await stores.eventStore('ledger'), await stores.record('tree-head')];
    try {
      const key = await openSigningKey(origin, seed, join(this.folder, 'audit/log.vkey'));
      const tree = await TreeLog.open({ keys: oneKey(key), ledger, record, folder: await LogFolder.open(this.path('')), clock: { nowMs: () => evening } });
      while (await tree.integrate());
      return [];
    } catch (error) {
      return [(error as { reason?: string }).reason ?? String(error)];
    } finally {
      await ledger.close();
      await record.close?.();
    }
  }

  /**
   * Audit follows a source that sends this after what it has sent; with `relay`, through a broker that does. Answers
   * with why it was parked, what was refused on the way, and `not the source's own` should anything else have got in.
   */
  async takeIn(source: string, script: readonly FeedBatch[], relayed?: { readonly source: readonly FeedBatch[]; readonly hearSourceEveryMs?: number }): Promise<string[]> {
    const stores = storesOf(this.folder, auditSource);
    const [ledger, readModels] = [await stores.eventStore('ledger'), await stores.readModelStore()];
    const book = new ProgressBook();
    const noticed: string[] = [];
    const said = [...(this.original.events.get(source) ?? []), ...(relayed?.source ?? script).flatMap(({ events }) => events)];
    const reader = readerOf(relayed?.source ?? script);
    const { hearSourceEveryMs = Infinity } = relayed ?? {};
    const follower = followSource({
      source, reader, consumer: ledgerConsumer(ledger, readModels), book, clock: { nowMs: () => evening }, retryPauseMs: 1, relayRestMs: 0, hearSourceEveryMs,
      ...(relayed && { relay: readerOf(script) }), onTrouble: ({ reason }) => noticed.push(reason),
    });
    follower.start();
    const until = AbortSignal.timeout(3_000);
    const line = book.line('ledger', source);
    const ended = () => line.parked || line.position >= said.length || (!relayed && noticed.length >= 3);
    while (!ended() && !until.aborted) await setImmediate();
    // And what comes after: it may yet be parked.
    for (let turn = 0; turn < 100 && !line.parked; turn++) await setImmediate();
    await follower.stop();
    const taken = (await ledger.readStream(source)).map(({ bytes }) => bytes);
    if (taken.some((bytes, index) => Buffer.compare(bytes, said[index]!) !== 0)) noticed.push("not the source's own");
    else if (taken.length === said.length) noticed.push('nothing is missing');
    await ledger.close();
    await readModels.close();
    return [...new Set(noticed)];
  }
}

function readerOf(script: readonly FeedBatch[]): SourceReader {
  return {
    async *subscribe(_source, _after, signal) {
      // Whatever is refused is asked again at once: nobody else would get a turn.
      await setImmediate();
      yield* script;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
}

function codesOf(findings: readonly { readonly code: string }[]): string[] {
  return [...new Set(findings.map(({ code }) => code))];
}
