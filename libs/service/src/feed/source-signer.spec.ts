import { randomBytes } from 'node:crypto';
import { newSourceKeyFile, systemIds, type Secrets } from '@tillid/crypto';
import { commonEvents, keyAfter, startingPoint, StoreFault, takeIn, verifySignedHead, type EventStore, type Standing } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import { inMemoryRecords, inMemorySecrets } from '@tillid/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChainAt } from './chain-at.js';
import { SourceSigner } from './source-signer.js';

const source = 'consent/0';
const dayMs = 24 * 3_600_000;

/** One log and its secrets, and as many replicas as one likes. */
function log(store: EventStore = inMemoryEventStore(), records = inMemoryRecords()) {
  const clock = { ms: Date.UTC(2026, 10, 24), nowMs: () => clock.ms };
  const secrets = inMemorySecrets(records);
  const chains = new ChainAt(store);
  let acts = 0;
  return {
    store,
    clock,
    secrets,
    replica: (own: Secrets = secrets) => SourceSigner.open({ source, store, secrets: own, clock, ids: systemIds }),
    act: async () => void (await store.append({ commandId: randomBytes(16), fingerprint: Buffer.alloc(32), writes: [{ stream: `s-${++acts}`, expectedRevision: 0, events: [Buffer.from(`event ${acts}`)] }] })),
    /** What a feed of that replica sends from there: everything up to `upTo`, and its head. */
    async batch(signer: SourceSigner, after: number, upTo: number) {
      const events = (await store.readAll(after, Math.max(1, upTo - after))).slice(0, upTo - after).map(({ bytes }) => Buffer.from(bytes));
      return { firstPosition: events.length > 0 ? after + 1 : 0, events, head: await signer.sign(upTo, await chains.chainAt(upTo)) };
    },
    announced: async () => (await store.readStream('source-keys')).map(({ bytes, position }) => commonEvents.decode(bytes, position)!),
  };
}

describe('the first start of a source', () => {
  it('announces its key as the very first event, once, and later starts go on with it', async () => {
    const { replica, announced, act } = log();
    const first = await replica();
    await act();
    const again = await replica();
    expect(await announced()).toMatchObject([{ position: 1, event: { type: 'SourceKeyAnnounced', source, publicKey: await first.publicKeyAt(1) } }]);
    expect(await again.publicKeyAt(2)).toEqual(await first.publicKeyAt(2));
  });

  it('announces one key, though all replicas start at once', async () => {
    const { replica, announced } = log();
    const replicas = await Promise.all(Array.from({ length: 5 }, () => replica()));
    const keys = await Promise.all(replicas.map((each) => each.publicKeyAt(1)));
    expect(new Set(keys.map(String)).size).toBe(1);
    expect(await announced()).toHaveLength(1);
  });

  it('goes on with the one key of an installation that knew no others', async () => {
    const { replica, secrets } = log();
    const file = newSourceKeyFile();
    await secrets.open('source.key', () => file);
    await replica();
    expect(await secrets.read('source.key')).toEqual(file);
  });

  it('does not happen on a log that another key signs, or with a secret that is none', async () => {
    const { replica, store } = log();
    await replica();
    await expect(log(store).replica()).rejects.toThrow('the log of consent/0 announces another key for position 1 than the secret source.key has');
    const broken = log();
    await broken.secrets.open('source.key', () => Buffer.from('-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n'));
    await expect(broken.replica()).rejects.toThrow(/^the secret source.key is not one this version can read$/);
  });
});

describe('a source key that is renewed', () => {
  it('is so when it is older than it may be, and not before', async () => {
    const { replica, clock, announced } = log();
    const signer = await replica();
    clock.ms += 365 * dayMs - 1;
    expect(await signer.renew(365 * dayMs)).toBe(false);
    clock.ms += 1;
    expect(await signer.renew(365 * dayMs)).toBe(true);
    expect(await signer.renew(365 * dayMs)).toBe(false);
    const [first, second] = await announced();
    const key = (await signer.publicKeyAt(1)) as Uint8Array;
    expect(keyAfter(source, key, second!.bytes)).toEqual(await signer.publicKeyAt(2));
    expect(first!.envelope.commandId).not.toEqual(second!.envelope.commandId);
  });

  it('signs from its announcement on; what was before is signed by the one before', async () => {
    const { replica, batch, act } = log();
    const signer = await replica();
    await act();
    await signer.renew(0);
    await act();
    const keys = [await signer.publicKeyAt(1), await signer.publicKeyAt(3)];
    for (const [position, key] of [[1, 0], [2, 0], [3, 1], [4, 1]] as const) {
      const { head } = await batch(signer, 0, position);
      expect([verifySignedHead(head, keys[0]!), verifySignedHead(head, keys[1]!)]).toEqual([key === 0, key === 1]);
    }
  });

  it('is one new key, when all replicas find at once that it is time', async () => {
    const { replica, announced } = log();
    const [a, b, c] = [await replica(), await replica(), await replica()];
    const renewed = await Promise.all([a.renew(0), b.renew(0), c.renew(0)]);
    expect(renewed.filter(Boolean).length).toBeLessThanOrEqual(1);
    for (const each of [a, b, c]) await each.renew(dayMs);
    expect(await announced()).toHaveLength(2);
  });

  it('is announced by the next look when a crash left it among the secrets only', async () => {
    const faulty = inMemoryEventStore();
    const { replica, announced } = log(faulty);
    const dying = await replica();
    const { append } = faulty;
    faulty.append = () => Promise.reject(new StoreFault('the process died here'));
    await expect(dying.renew(0)).rejects.toThrow('died here');
    faulty.append = append;
    const next = await replica();
    expect(await announced()).toHaveLength(1);
    expect(await next.renew(365 * dayMs)).toBe(true);
    expect(await next.renew(365 * dayMs)).toBe(false);
    expect(await announced()).toHaveLength(2);
  });

  it('is announced once when the answer to announcing it was lost', async () => {
    const faulty = inMemoryEventStore();
    const { replica, announced } = log(faulty);
    const signer = await replica();
    const append = faulty.append.bind(faulty);
    faulty.append = async (commit) => append(commit).then(() => Promise.reject(new StoreFault('connection lost')));
    await expect(signer.renew(0)).rejects.toThrow('connection lost');
    faulty.append = append;
    expect(await signer.renew(365 * dayMs)).toBe(false);
    expect(await announced()).toHaveLength(2);
    expect(await signer.publicKeyAt(2)).not.toEqual(await signer.publicKeyAt(1));
  });

  it('is never passed over for the old one: a replica that cannot get it signs nothing', async () => {
    const { replica, secrets, batch } = log();
    let away = false;
    const cutOff = await replica({ ...secrets, open: (name, make) => (away ? Promise.reject(new Error('the database is away')) : secrets.open(name, make)) });
    await (await replica()).renew(0);
    away = true;
    await expect(batch(cutOff, 0, 2)).rejects.toThrow('the database is away');
    expect((await batch(cutOff, 0, 1)).head.position).toBe(1);
    away = false;
    expect((await batch(cutOff, 0, 2)).head.position).toBe(2);
  });
});

describe('replicas that hear of new keys at any time', () => {
  it('never sign what parks a consumer, new or old, whoever feeds it from wherever it is', async () => {
    const step = fc.tuple(fc.constantFrom('act', 'renew', 'read', 'readAll'), fc.nat(2), fc.nat(2), fc.nat(50));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const { replica, act, batch, store } = log();
        const replicas = [await replica(), await replica(), await replica()];
        const consumers: Standing[] = Array.from({ length: 3 }, () => ({ checkpoint: startingPoint, pending: [] }));
        const read = async (consumer: number, by: number, further: number) => {
          const { checkpoint } = consumers[consumer]!;
          const upTo = Math.min((await store.head()).position, checkpoint.position + further);
          if (upTo === 0) return;
          const verdict = takeIn(source, consumers[consumer]!, await batch(replicas[by]!, checkpoint.position, upTo), 'direct');
          expect(verdict.kind).toBe(upTo > checkpoint.position ? 'apply' : 'wait');
          if ('standing' in verdict) consumers[consumer] = verdict.standing;
        };
        for (const [what, who, consumer, further] of steps) {
          if (what === 'act') await act();
          else if (what === 'renew') await replicas[who]!.renew(0);
          else await read(consumer, who, what === 'read' ? further % 3 : further);
        }
        for (let consumer = 0; consumer < 3; consumer++) await read(consumer, consumer, Infinity);
        const { position } = await store.head();
        expect(consumers.map(({ checkpoint }) => checkpoint.position)).toEqual([position, position, position]);
      }),
      { numRuns: 100 },
    );
  });
});
