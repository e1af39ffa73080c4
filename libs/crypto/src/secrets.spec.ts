import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base32 } from './base32.js';
import { systemIds } from './random.js';
import { constantTimeEqual, hashSecret, newSecret } from './secrets.js';

describe('ids and secrets', () => {
  it('have the agreed shapes and do not repeat', () => {
    const ids = Array.from({ length: 1000 }, () => systemIds.newId());
    const secrets = Array.from({ length: 1000 }, () => newSecret(systemIds));
    for (const id of ids) expect(id).toMatch(/^[a-z2-7]{26}$/);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(new Set([...ids, ...secrets]).size).toBe(2000);
  });

  it('write base32 as RFC 4648 does', () => {
    const vectors = { '': '', f: 'my', fo: 'mzxq', foo: 'mzxw6', foob: 'mzxw6yq', fooba: 'mzxw6ytb', foobar: 'mzxw6ytboi' };
    for (const [plain, encoded] of Object.entries(vectors)) expect(base32(Buffer.from(plain))).toBe(encoded);
    expect(base32(Buffer.alloc(16, 0xff))).toBe(`${'7'.repeat(25)}4`);
  });

  it('are compared whole', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => constantTimeEqual(a, b) === (a === b)));
    fc.assert(fc.property(fc.string(), (a) => constantTimeEqual(a, Buffer.from(a))));
  });

  it('are stored as SHA-256', () => {
    expect(hashSecret('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
