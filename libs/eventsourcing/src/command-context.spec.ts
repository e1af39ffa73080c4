import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { commandIdOf, contextForClient, derivedContext, fingerprintOf, hasExpired, hashOf, reactionContext, timerContext } from './index.js';
import { contextOf, noon } from './world.spec-kit.js';

describe('a command id', () => {
  it('is the same for the same caller, rpc and key, and differs as soon as one of them does', () => {
    const id = commandIdOf('relying_service/fjordbanken', '/Grant', 'key-1');
    expect(id).toHaveLength(16);
    expect(commandIdOf('relying_service/fjordbanken', '/Grant', 'key-1')).toEqual(id);
    for (const other of [commandIdOf('relying_service/sundby', '/Grant', 'key-1'), commandIdOf('relying_service/fjordbanken', '/Withdraw', 'key-1'), commandIdOf('relying_service/fjordbanken', '/Grant', 'key-2')]) {
      expect(other).not.toEqual(id);
    }
  });

  it('takes no two lists of parts for one: a caller cannot spell another one by moving a border', () => {
    expect(hashOf('service/a', 'b')).not.toEqual(hashOf('service/', 'ab'));
    expect(hashOf('a', '')).not.toEqual(hashOf('', 'a'));
    const text = fc.string({ maxLength: 4 });
    fc.assert(fc.property(fc.array(text, { maxLength: 4 }), fc.array(text, { maxLength: 4 }), (left, right) =>
      hashOf(...left).equals(hashOf(...right)) === (JSON.stringify(left) === JSON.stringify(right))));
  });

  it('begins with the time of a UUIDv7 key, so that ids come in order, and with nothing of a UUIDv4', () => {
    const key = '0190a3b2-c4d5-7e6f-8a9b-0c1d2e3f4a5b';
    expect(commandIdOf('a', '/b', key).subarray(0, 6).toString('hex')).toBe('0190a3b2c4d5');
    expect(commandIdOf('a', '/c', key)).not.toEqual(commandIdOf('a', '/b', key));
    expect(commandIdOf('a', '/b', key.replace('-7', '-4')).subarray(0, 6).toString('hex')).not.toBe('0190a3b2c4d5');
  });
});

describe('a fingerprint', () => {
  const secret = Buffer.alloc(32, 1);
  it('tells another request under the same key, and needs the secret', () => {
    const print = fingerprintOf(secret, 'caller', 'key', Buffer.from('password'));
    expect(print).toHaveLength(32);
    expect(fingerprintOf(secret, 'caller', 'key', Buffer.from('password'))).toEqual(print);
    expect(fingerprintOf(secret, 'caller', 'key', Buffer.from('passwords'))).not.toEqual(print);
    expect(fingerprintOf(Buffer.alloc(32, 2), 'caller', 'key', Buffer.from('password'))).not.toEqual(print);
    expect(() => fingerprintOf(Buffer.alloc(8), 'caller', 'key', Buffer.alloc(0))).toThrow();
  });
});

describe('contexts made from others', () => {
  const call = { ...contextOf('call'), causationId: 'cause', traceParent: Buffer.alloc(24, 1) };

  it('each step of a command is a command of its own, the same on every retry', () => {
    expect(derivedContext(call, 'link')).toEqual(derivedContext(call, 'link'));
    expect(derivedContext(call, 'link').commandId).not.toEqual(derivedContext(call, 'end').commandId);
    expect(derivedContext(call, 'link').correlationId).toBe(call.correlationId);
  });

  it('leave two clients no identifier in common', () => {
    const [bank, hospital] = [contextForClient(call, 'fjordbanken'), contextForClient(call, 'sundby')];
    const identifiers = (context: typeof bank) => [Buffer.from(context.commandId).toString('hex'), context.correlationId, context.causationId, context.traceParent].filter(Boolean);
    expect(identifiers(bank).filter((each) => identifiers(hospital).includes(each))).toEqual([]);
    expect(identifiers(bank)).not.toContain(call.correlationId);
    expect(bank).not.toHaveProperty('traceParent');
    expect(contextForClient(call, 'fjordbanken')).toEqual(bank);
  });

  it('a reaction and a timer do the same thing once, however often the event or the tick comes', () => {
    const event = { id: Buffer.alloc(16, 9), correlationId: 'c', traceParent: Buffer.alloc(0) };
    expect(reactionContext('close', event)).toEqual(reactionContext('close', event));
    expect(reactionContext('close', event).commandId).not.toEqual(reactionContext('open', event).commandId);
    expect(reactionContext('close', event)).not.toHaveProperty('traceParent');
    expect(timerContext('session-1', noon)).toEqual(timerContext('session-1', noon));
    expect(timerContext('session-1', noon + 1).commandId).not.toEqual(timerContext('session-1', noon).commandId);
  });
});

describe('expiry', () => {
  it('is decided by the instant itself, and never comes where there is none', () => {
    expect([hasExpired(noon, noon - 1), hasExpired(noon, noon), hasExpired(0, noon)]).toEqual([false, true, false]);
  });
});
