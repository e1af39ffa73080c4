// A log as an installation's audit would have written it: log-ins and what comes with them, a second's worth at a time, each second with every source's signed
// head and the root over everyone's own log. Files in a folder, signed; every check of `tillid-auditor` holds on it.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HeadsSeen, OwnLogHeads } from '../../libs/contracts/dist/tillid/audit/v1/events.js';
import { ClientRegistered, SubjectLinked } from '../../libs/contracts/dist/tillid/authentication/v1/events.js';
import { ActorKind, Event, Result, SourceKeyAnnounced } from '../../libs/contracts/dist/tillid/event/v1/event.js';
import { emptyChain, nextChain, noLines, ownLogMapKey, ownLogMapValue, ownLogsStep, signedHeadText } from '../../libs/eventsourcing/dist/index.js';
import { bucketOf, edgeRoot, emptyEdge, growEdge, leafHash, mapSubtree, MapTop, noteSigner, signCheckpoint, vkeyOf } from '../../libs/transparency/dist/index.js';

const origin = 'bench.example/record';
const seed = Buffer.alloc(32, 5);
const citizens = 100_000;
const clients = 50;
/** On average: 34 log-ins a second, ten events each. */
const logInsASecond = 34;
const beginMs = Date.UTC(2026, 10, 1);
const leavesAtOnce = 4096;
const [authority, purpose] = ['https://w3id.org/dpv/legal/eu/gdpr#A6-1-e', 'https://w3id.org/dpv#ServiceProvision'];

export function writeLog(folder, size) {
  const log = new WrittenLog(join(folder, 'log'));
  const [authentication, consent, identity, audit] = ['authentication/0', 'consent/0', 'identity/0', 'audit/0'].map((name) => new Source(name, log));
  for (let client = 0; client < clients; client++) authentication.write(`client-bank-${client}`, 'tillid.authentication.v1.ClientRegistered', { data: ClientRegistered.encode(ClientRegistered.fromPartial({ clientId: `bank-${client}`, name: `Bank ${client}` })).finish() });
  const linked = new Set();
  for (let second = 0; log.size < size; second++) {
    log.timeMs = beginMs + second * 1000;
    for (let each = 0; each < logInsASecond; each++) {
      const [citizen, client] = [Math.floor(Math.random() * citizens), Math.floor(Math.random() ** 2 * clients)];
      const [citizenId, clientId] = [`c${String(citizen).padStart(31, '0')}`, `bank-${client}`];
      const subject = createHash('sha256').update(`${citizenId} ${clientId}`).digest('hex').slice(0, 32);
      if (!linked.has(subject)) {
        linked.add(subject);
        authentication.write(`subject-${subject}`, 'tillid.authentication.v1.SubjectLinked', { subject: citizenId, data: SubjectLinked.encode({ citizenId, clientId, pseudonym: subject }).finish() });
      }
      const stream = `sign-in-${randomBytes(16).toString('hex')}`;
      for (const type of ['SignInStarted', 'FactorAccepted', 'FactorAccepted', 'CodeUsed', 'SignInCompleted', 'SignInRedeemed', 'SessionStarted']) authentication.write(stream, `tillid.authentication.v1.${type}`, { subject, clientId });
      const share = `share-${randomBytes(16).toString('hex')}`;
      if (each % 3 === 0) consent.write(share, 'tillid.consent.v1.ShareAuthorized', { subject, clientId, authority: { basis: randomBytes(16).toString('hex'), purpose } });
      if (each % 17 === 0) consent.write(share, 'tillid.consent.v1.ShareRefused', { subject, clientId, outcome: { result: Result.REFUSED, reason: 'consent.withdrawn' } });
      if (each % 11 === 0) identity.write(`citizen-read-${randomBytes(16).toString('hex')}`, 'tillid.identity.v1.CitizenRead', { subject: citizenId, actor: { kind: ActorKind.OFFICIAL, id: `official-${citizen % 40}` }, authority: { basis: authority, purpose } });
    }
    const heads = [audit, authentication, consent, identity].map((source) => source.head(log.timeMs + 999));
    audit.write('heads-seen', 'tillid.audit.v1.HeadsSeen', { data: HeadsSeen.encode({ timeMs: log.timeMs + 999, heads }).finish() });
    audit.write('own-log-heads', 'tillid.audit.v1.OwnLogHeads', { data: OwnLogHeads.encode(log.ownLogs.heads(log.size)).finish() });
  }
  log.sign();
  writeFileSync(join(folder, 'log.vkey'), `${vkeyOf(origin, seed)}\n`);
  return { size: log.size, bytes: log.bytes, log: join(folder, 'log'), vkey: join(folder, 'log.vkey') };
}

class WrittenLog {
  size = 0;
  bytes = 0;
  timeMs = beginMs;
  ownLogs = new OwnLogs();
  #edge = emptyEdge;
  #waiting = [];

  constructor(folder) {
    this.folder = folder;
  }

  take(event, bytes) {
    this.size += 1;
    this.bytes += bytes.length;
    this.ownLogs.entry(event, bytes, this.size);
    this.#waiting.push(bytes);
    if (this.#waiting.length === leavesAtOnce) this.#grow();
  }

  sign() {
    this.#grow();
    this.#write({ path: 'checkpoint', bytes: signCheckpoint({ origin, size: this.#edge.size, root: edgeRoot(this.#edge) }, [noteSigner(origin, seed)]) });
  }

  #grow() {
    const { edge, bundles, tiles } = growEdge(this.#edge, this.#waiting);
    [this.#edge, this.#waiting] = [edge, []];
    for (const file of [...bundles, ...tiles]) this.#write(file);
  }

  #write({ path, bytes }) {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), bytes);
  }
}

class Source {
  #chain = emptyChain;
  #position = 0;
  #revisions = new Map();
  #key = generateKeyPairSync('ed25519');

  constructor(source, log) {
    [this.source, this.log] = [source, log];
    const publicKey = Buffer.from(this.#key.publicKey.export({ format: 'jwk' }).x, 'base64url');
    this.write('source-keys', 'tillid.event.v1.SourceKeyAnnounced', { data: SourceKeyAnnounced.encode({ source, publicKey, signature: Buffer.alloc(0) }).finish() });
  }

  write(stream, type, fields) {
    const revision = (this.#revisions.get(stream) ?? 0) + 1;
    // Streams that come once are not written to again.
    if (!/^(sign-in|share|citizen-read|subject)-/.test(stream) || revision < 7) this.#revisions.set(stream, revision);
    const event = Event.fromPartial({
      id: randomBytes(16), salt: randomBytes(16), source: this.source, type, schemaRevision: 1, stream, revision, occurredAt: new Date(this.log.timeMs),
      actor: { kind: ActorKind.CITIZEN, id: fields.subject ?? 'system' }, correlationId: stream, outcome: { result: Result.OK }, commandId: randomBytes(16), commitIndex: 0, commitSize: 1, data: randomBytes(40), ...fields,
    });
    const bytes = Buffer.from(Event.encode(event).finish());
    this.#position += 1;
    this.#chain = nextChain(this.#chain, bytes);
    this.log.take(event, bytes);
  }

  head(timeMs) {
    const head = { source: this.source, position: this.#position, chain: Buffer.from(this.#chain), timeMs };
    return { ...head, signature: sign(null, signedHeadText(head), this.#key.privateKey) };
  }
}

/** Everyone's own log, as audit keeps it. */
class OwnLogs {
  #top = new MapTop();
  #heads = new Map();
  #citizens = new Map();
  #buckets = new Map();
  #changed = new Set();

  entry(envelope, bytes, position) {
    const { lines, link } = ownLogsStep({ envelope, position, leafHash: leafHash(bytes) }, { head: (owner) => this.#heads.get(owner) ?? noLines, citizenOf: (pseudonym) => this.#citizens.get(pseudonym), unowned: () => [] });
    for (const { owner, number, chain } of lines) {
      const key = ownLogMapKey(owner);
      const bucket = bucketOf(key);
      this.#heads.set(owner, { number, chain });
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? new Map()).set(owner, { key, value: ownLogMapValue({ number, chain }) }));
      this.#changed.add(bucket);
    }
    if (link) this.#citizens.set(link.pseudonym, link.citizenId);
  }

  heads(ledgerPosition) {
    this.#top.set(new Map([...this.#changed].map((bucket) => [bucket, mapSubtree([...this.#buckets.get(bucket).values()], 16)])));
    this.#changed.clear();
    return { ledgerPosition, root: this.#top.root, logs: this.#top.count };
  }
}
