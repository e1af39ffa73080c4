import { describe, expect, it } from 'vitest';
import { LogKeyAnnounced } from '@tillid/contracts/audit/v1/events';
import { ActorKind, Event } from '@tillid/contracts/event/v1/event';
import { InMemoryLog, noteSigner, parseReceipt, parseVkey, proveInclusion, signKeyChange, subtreeRootsFrom, vkeyOf } from '@tillid/transparency';
import { formatKeyChangeProof, logKeyAnnouncedType, logKeysFault, openKeyChangeProof, RecordVerifier } from './index.js';

const origin = 'log.example/one';
const seedOf = (number: number) => Buffer.alloc(32, number + 1);
const signer = (number: number) => noteSigner(origin, seedOf(number));
const vkey = (number: number) => vkeyOf(origin, seedOf(number));
const key = (number: number) => parseVkey(vkey(number));

let revisions = 0;
const announcement = (from: number, to: number, more: { readonly change?: Partial<LogKeyAnnounced>; readonly event?: Partial<Event> } = {}) => {
  const change = signKeyChange({ vkey: vkey(from), nextVkey: vkey(to), bothUntilMs: 5_000 }, signer(from), signer(to));
  const data = Buffer.from(LogKeyAnnounced.encode(LogKeyAnnounced.fromPartial({ ...change, signature: Buffer.from(change.signature), possession: Buffer.from(change.possession), ...more.change })).finish());
  return Buffer.from(Event.encode(Event.fromPartial({
    id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 2), source: 'audit/0', type: logKeyAnnouncedType, schemaRevision: 1, stream: 'log-keys', revision: (revisions += 1), occurredAt: new Date(0),
    actor: { kind: ActorKind.SYSTEM, id: 'audit' }, data, commandId: Buffer.alloc(16, revisions), commitIndex: 0, commitSize: 1, ...more.event,
  })).finish());
};

describe('the proof that one key of a log named the next', () => {
  /** In a tree that this key signed. */
  async function proofOf(entry: Uint8Array, signedBy = 0, index = 200): Promise<string> {
    const log = new InMemoryLog(signer(signedBy));
    log.append(Array.from({ length: 300 }, (_, leaf) => (leaf === index ? entry : Buffer.from(`${leaf}`))));
    return formatKeyChangeProof(entry, { index, path: await proveInclusion(index, 300, subtreeRootsFrom(log, 300)), checkpoint: Buffer.from(log.files.get('checkpoint')!).toString() });
  }
  const path = 'key/of-the-old';

  it('is the entry, and a tree with it that the old key signed: nobody is asked', async () => {
    const step = openKeyChangeProof(await proofOf(announcement(0, 1)), path, { key: key(0), next: key(1) });
    expect(step).toMatchObject({ vkey: vkey(0), nextVkey: vkey(1), leafIndex: 200, checkpoint: { size: 300 }, path, bothUntilMs: 5_000 });
  });

  it.each([
    ['stands in a tree that only the next key signed: so a thief of the old one cannot say it stood anywhere', () => proofOf(announcement(0, 1), 1), 'note.unknown_signer'],
    ['is not signed by the old key', () => proofOf(announcement(0, 1, { change: { signature: Buffer.alloc(64) } })), 'key_change.not_signed'],
    ['is not signed by the next', () => proofOf(announcement(0, 1, { change: { possession: Buffer.alloc(64) } })), 'key_change.not_possessed'],
    ['is of another key than is known', () => proofOf(announcement(2, 1), 2), 'key_change.not_signed'],
    ['is an event of another kind', () => proofOf(announcement(0, 1, { event: { type: 'tillid.audit.v1.HeadsSeen' } })), 'key_change.not_announced'],
    ['is an event of another source', () => proofOf(announcement(0, 1, { event: { source: 'consent/0' } })), 'key_change.not_announced'],
    ['is no event', () => proofOf(Buffer.from('nothing')), 'key_change.not_announced'],
    ['is not there', async () => (await proofOf(announcement(0, 1))).replace(/extra .*\n/, ''), 'key_change.not_announced'],
    ['stands elsewhere', async () => (await proofOf(announcement(0, 1))).replace('index 200', 'index 201'), 'proof.not_included'],
    ['is not the one that stands there', async () => (await proofOf(announcement(0, 1))).replace(/extra .*\n/, `extra ${announcement(0, 1).toString('base64')}\n`), 'proof.not_included'],
    ['is no proof', async () => 'nothing', 'receipt.wrong_version'],
  ])('is refused when the announcement %s', async (_, made, code) => {
    const proof = await made();
    expect(() => openKeyChangeProof(proof, path, { key: key(0) })).toThrow(code);
  });

  it('is a receipt like any other', async () => {
    expect(parseReceipt(await proofOf(announcement(0, 1)))).toMatchObject({ index: 200 });
  });
});

describe('announcements of the log’s keys in the record', () => {
  const found = (...entries: readonly Uint8Array[]) => {
    const record = new RecordVerifier({ streams: false });
    for (const entry of entries) record.entry(entry);
    const { logKeys, findings } = record.summary();
    return { logKeys: logKeys.map(({ leafIndex, nextVkey }) => [leafIndex, nextVkey]), codes: findings.map(({ code }) => code).filter((code) => code.startsWith('log_key.')) };
  };

  it('lead from key to key', () => {
    expect(found(announcement(0, 1), announcement(1, 2), announcement(2, 3))).toEqual({ logKeys: [[0, vkey(1)], [1, vkey(2)], [2, vkey(3)]], codes: [] });
  });

  it.each([
    ['two by one key', [announcement(0, 1), announcement(0, 2)], ['log_key.rival']],
    ['two by one key, long after', [announcement(0, 1), announcement(1, 2), announcement(0, 3)], ['log_key.rival']],
    ['one by a key that nobody named', [announcement(0, 1), announcement(5, 2)], ['log_key.not_in_force']],
    ['one of a key that was replaced', [announcement(0, 1), announcement(1, 0)], ['log_key.not_in_force']],
    ['one that the key in force did not sign', [announcement(0, 1, { change: { signature: Buffer.alloc(64) } })], ['log_key.not_signed']],
    ['one of a key that nobody has', [announcement(0, 1, { change: { possession: Buffer.alloc(64) } })], ['log_key.not_signed']],
    ['one that cannot be read', [announcement(0, 1, { event: { data: Buffer.from([0xff]) } })], ['log_key.not_signed']],
  ])('are found out: %s', (_, entries, codes) => {
    const { logKeys, codes: said } = found(...entries);
    expect(said).toEqual(codes);
    // What is wrong leads nowhere: the ones before it count.
    expect(logKeys.length).toBe(entries.length - 1);
  });

  it('of another source are that source’s own business', () => {
    expect(found(announcement(0, 1, { event: { source: 'consent/0' } }))).toEqual({ logKeys: [], codes: [] });
  });

  it('say which key must have signed the tree that has them', () => {
    const changes = [{ leafIndex: 3, vkey: vkey(0), nextVkey: vkey(1), bothUntilMs: 0 }];
    const signed = (...by: number[]) => {
      const log = new InMemoryLog(signer(by[0]!));
      log.append([Buffer.from('a')]);
      const [text] = Buffer.from(log.files.get('checkpoint')!).toString().split('\n\n');
      return `${text}\n\n${by.map((number) => {
        const own = new InMemoryLog(signer(number));
        own.append([Buffer.from('a')]);
        return Buffer.from(own.files.get('checkpoint')!).toString().split('\n\n')[1]!;
      }).join('')}`;
    };
    expect(logKeysFault([], key(0), signed(0))).toBeUndefined();
    expect(logKeysFault(changes, key(0), signed(0, 1))).toBeUndefined();
    expect(logKeysFault(changes, key(1), signed(1))).toBeUndefined();
    expect(logKeysFault(changes, key(0), signed(0))).toContain('did not sign it');
    expect(logKeysFault(changes, key(7), signed(7, 1))).toContain('none of them');
  });
});
