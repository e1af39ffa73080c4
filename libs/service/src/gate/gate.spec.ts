import type { CertifiedCaller } from '@tillid/crypto';
import { systemIds } from '@tillid/crypto';
import { silentLogger } from '@tillid/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { Gate } from './gate.js';
import { RateLimit } from './rate-limit.js';
import { RefusalLog } from './refusal-log.js';

const validUntilMs = 1_000_000;
const bank: CertifiedCaller = { kind: 'relying_service', id: 'bank', thumbprint: 't', validUntilMs };
const knock = { path: '/grpc.health.v1.Health/Check', certificate: Buffer.from('der') };
let nowMs = 0;
let gate: Gate;

beforeEach(() => {
  nowMs = 0;
  const clock = { nowMs: () => nowMs };
  const refusals = new RefusalLog(clock, silentLogger, () => Promise.resolve());
  gate = new Gate({ rules: {}, rates: new RateLimit(clock), tokens: { check: () => Promise.reject(new Error('not asked')) }, refusals, clock, ids: systemIds, readCertificate: () => bank });
});

describe('a certificate', () => {
  it('lets its holder in until it ends, however long the connection has been there', () => {
    nowMs = validUntilMs - 1;
    expect(gate.callerOf(knock)).toBe(bank);
    nowMs = validUntilMs;
    expect(() => gate.callerOf(knock)).toThrow(expect.objectContaining({ code: 'call.unauthenticated' }));
  });
});

describe('what every certificate may call', () => {
  it('may not be called without end', () => {
    for (let call = 0; call < 6000; call++) gate.admitOpen(knock);
    expect(() => gate.admitOpen(knock)).toThrow(expect.objectContaining({ code: 'call.too_many' }));
  });
});
