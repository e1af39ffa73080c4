import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedKey, keyAfter, KeysInForce, keySuccessionText } from './index.js';
import { announceKey, consentSource, noon, rawKey, testClock } from './world.spec-kit.js';
import { inMemoryEventStore } from './in-memory/index.js';

const first = generateKeyPairSync('ed25519');
const second = generateKeyPairSync('ed25519');
const thief = generateKeyPairSync('ed25519');

/** An announcement of the second key as it stands in a log, with everything about it that can be wrong. */
async function announcement({ of = 'consent/0', by = first, from = first, named, text }: { of?: string; by?: typeof first; from?: typeof first; named?: string; text?: string } = {}): Promise<Uint8Array> {
  const log = { store: inMemoryEventStore(), clock: testClock(noon), ids: { bytes: randomBytes } };
  await announceKey(log, of, second.publicKey, sign(null, keySuccessionText(text ?? of, rawKey(from.publicKey), rawKey(second.publicKey)), by.privateKey), 'announce', named);
  return (await log.store.readAll(0, 1))[0]!.bytes;
}

describe('the key that is in force after an event', () => {
  const key = rawKey(first.publicKey);

  it('is the next one, when the one before vouches for it', async () => {
    expect(keyAfter('consent/0', key, await announcement())).toEqual(rawKey(second.publicKey));
  });

  it('is vouched for by exactly the text that event.proto names', () => {
    expect(keySuccessionText('consent/0', Buffer.alloc(32, 5), Buffer.alloc(32, 6)).toString()).toBe(
      'tillid-source-key/v1\nconsent/0\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\nBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgY=\n',
    );
  });

  it.each<[string, Parameters<typeof announcement>[0]]>([
    ['signed by nobody we know', { by: thief }],
    ['signed by the new key itself', { by: second }],
    ['vouched for by a key that is not in force', { from: thief, by: thief }],
    ['in the log of another source', { of: 'identity/0', text: 'consent/0' }],
    ['of another source in our log', { named: 'identity/0' }],
    ['vouched for as another source', { text: 'identity/0' }],
  ])('stays what it was when the announcement is %s', async (_what, wrong) => {
    expect(keyAfter('consent/0', key, await announcement(wrong))).toBe(key);
    const keys = new KeysInForce('consent/0');
    keys.event(1, await firstOf());
    expect(keys.event(2, await announcement(wrong))).toBe(false);
    expect(keys.all()).toHaveLength(1);
  });

  it('stays what it was after anything else, rubbish included', async () => {
    const whole = await announcement();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => keyAfter('consent/0', key, bytes) === key));
    const flipped = (at: number, bit: number) => Buffer.from(whole).fill(whole[at]! ^ (1 << bit), at, at + 1);
    // Outside its payload an announcement may say what it likes; inside, every bit is signed.
    fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(7), (at, bit) => [key, rawKey(second.publicKey)].some((known) => known.equals(keyAfter('consent/0', key, flipped(at, bit))))));
  });

  async function firstOf(): Promise<Uint8Array> {
    const log = { store: inMemoryEventStore(), clock: testClock(noon), ids: { bytes: randomBytes } };
    await announceKey(log, 'consent/0', first.publicKey);
    return (await log.store.readAll(0, 1))[0]!.bytes;
  }
});

describe('the keys of a source', () => {
  it('are each in force from their announcement to the next', async () => {
    const source = consentSource();
    await source.announce();
    for (let round = 0; round < 3; round++) {
      await source.act(`consent-${round}`, { type: 'Request' });
      await source.rotate();
    }
    const events = await source.log.store.readAll(0, 100);
    const keys = new KeysInForce('consent/0');
    expect(events.every(({ position, bytes }) => keys.event(position, bytes))).toBe(true);
    expect(keys.all()).toHaveLength(4);
    expect(keys.at(0)).toBeUndefined();
    expect([1, 2, 3, 4, 5, 6, 7, 99].map((position) => keys.all().indexOf(keys.at(position)!))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(keys.at(1)).toEqual(announcedKey('consent/0', events[0]!.bytes));
    // Known already: nothing new, and nothing wrong.
    expect(keys.event(8, events.at(-1)!.bytes)).toBe(true);
    expect(keys.all()).toHaveLength(4);
  });

  it('are none when the first event announces none, whatever comes later', async () => {
    const keys = new KeysInForce('consent/0');
    expect(keys.event(1, Buffer.from('rubbish'))).toBe(false);
    keys.event(2, await announcement());
    expect(keys.at(2)).toBeUndefined();
  });
});
