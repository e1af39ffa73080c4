import { Refused } from '@tillid/kernel';
import { beforeEach, describe, expect, it } from 'vitest';
import { CitizenKeys } from './citizen-keys.js';

let nowMs = 0;
let asked: string[] = [];
let answer: (citizenId: string) => Promise<{ key: Buffer }>;
const ring = { useCitizenKey: ({ citizenId = '' }: { citizenId?: string }) => (asked.push(citizenId), answer(citizenId)) };
const keysOf = () => new CitizenKeys(ring, { nowMs: () => nowMs });

beforeEach(() => {
  nowMs = 1000;
  asked = [];
  answer = (citizenId) => Promise.resolve({ key: Buffer.from(citizenId.padEnd(32, '.')) });
});

describe("a citizen's key, in another service", () => {
  it('is asked for once a minute, however many want it at once', async () => {
    const keys = keysOf();
    await Promise.all([keys.keyOf('a'), keys.keyOf('a'), keys.keyOf('a')]);
    nowMs += 59_999;
    await keys.keyOf('a');
    expect(asked).toEqual(['a']);
    nowMs += 1;
    await keys.keyOf('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('is gone at once when it is forgotten, and what was handed out stays whole', async () => {
    const keys = keysOf();
    const held = await keys.keyOf('a');
    keys.forget('a');
    await Promise.resolve();
    expect(held.toString()).toBe('a'.padEnd(32, '.'));
    answer = () => Promise.reject(new Refused('key_ring.key_destroyed', 'not_found'));
    await expect(keys.keyOf('a')).rejects.toMatchObject({ code: 'key_ring.key_destroyed' });
  });

  it('is asked for again after a failure', async () => {
    const keys = keysOf();
    answer = () => Promise.reject(new Refused('peer.unavailable', 'unknown_outcome'));
    await expect(keys.keyOf('a')).rejects.toMatchObject({ code: 'peer.unavailable' });
    answer = () => Promise.resolve({ key: Buffer.alloc(32, 1) });
    expect(await keys.keyOf('a')).toEqual(Buffer.alloc(32, 1));
  });

  it('is one of ten thousand at most; the one asked for longest ago goes', async () => {
    const keys = keysOf();
    for (let i = 0; i <= 10_000; i++) await keys.keyOf(`c${i}`);
    asked = [];
    await keys.keyOf('c10000');
    await keys.keyOf('c1');
    await keys.keyOf('c0');
    expect(asked).toEqual(['c0']);
  });
});
