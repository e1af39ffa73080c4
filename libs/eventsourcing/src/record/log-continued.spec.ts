import { LogContinued } from '@tillid/contracts/audit/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { noteSigner, signCheckpoint, signNote, vkeyOf } from '@tillid/transparency';
import { describe, expect, it } from 'vitest';
import { announcedKey, auditSourceOf, continuationIn, continuedOrigin, installationOf, signSuccession } from '../index.js';

const former = 'log.example/one';
const next = 'log.example/one/continued-1';
const [formerSeed, seed] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const formerSigner = noteSigner(former, formerSeed);
const formerCheckpoint = signCheckpoint({ origin: former, size: 7, root: Buffer.alloc(32, 7) }, [formerSigner]);
const vkey = vkeyOf(next, seed);

function entry(change: Partial<LogContinued> = {}, envelope: Partial<Event> = {}): Uint8Array {
  const said = { source: 'audit/1', publicKey: Buffer.alloc(32, 9), vkey, formerVkey: vkeyOf(former, formerSeed), formerCheckpoint, succession: signSuccession(formerSigner, vkey, formerCheckpoint), kept: [], lostBecause: 'log.ledger_shorter', ...change };
  return Event.encode(Event.fromPartial({ id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 1), source: 'audit/1', stream: 'source-keys', revision: 1, type: 'tillid.audit.v1.LogContinued', schemaRevision: 1, data: Buffer.from(LogContinued.encode(said).finish()), ...envelope })).finish();
}

describe('the name of a log', () => {
  it('says how many of its installation were lost before it, and which of audit’s sources dates it', () => {
    expect([former, next].map(auditSourceOf)).toEqual(['audit/0', 'audit/1']);
    expect(continuedOrigin(former)).toBe(next);
    expect(continuedOrigin(next)).toBe('log.example/one/continued-2');
    expect(installationOf('log.example/one/continued-2')).toBe(former);
    for (const other of ['log.example/continued-0', 'log.example/continued-01', 'log.example/continued-1/x', 'log.example/continued-']) expect(auditSourceOf(other)).toBe('audit/0');
  });
});

describe('the first entry of a log that continues another', () => {
  it('names it, with its last checkpoint, under the signature of the key that is lost with it', () => {
    expect(continuationIn(entry())).toMatchObject({ vouchedFor: true, formerCheckpoint: { origin: former, size: 7 }, verifier: { name: next } });
    expect(announcedKey('audit/1', entry())).toEqual(Buffer.alloc(32, 9));
  });

  it('is vouched for by nobody, when the old key signed nothing, or another name, or another checkpoint', () => {
    const later = signCheckpoint({ origin: former, size: 8, root: Buffer.alloc(32, 8) }, [formerSigner]);
    for (const succession of ['', signSuccession(formerSigner, vkeyOf(next, Buffer.alloc(32, 3)), formerCheckpoint), signSuccession(formerSigner, vkey, later)]) expect(continuationIn(entry({ succession }))?.vouchedFor).toBe(false);
  });

  it.each<[string, Uint8Array]>([
    ['a checkpoint that the lost log did not sign', entry({ formerCheckpoint: signCheckpoint({ origin: former, size: 7, root: Buffer.alloc(32, 7) }, [noteSigner(former, seed)]) })],
    ['a checkpoint of another log', entry({ formerCheckpoint: signNote(`log.example/two\n7\n${Buffer.alloc(32).toString('base64')}\n`, [formerSigner]) })],
    ['a succession that somebody forged in the name of the old key', entry({ succession: signSuccession(formerSigner, vkey, formerCheckpoint).replace('v1', 'v2') })],
    ['a name that does not follow on the other', entry({ vkey: vkeyOf('log.example/one/continued-2', seed) })],
    ['another installation’s log', entry({ formerVkey: vkeyOf('log.example/two', formerSeed) })],
    ['another source', entry({ source: 'audit/2' })],
    ['bytes that are none', entry({}, { data: Buffer.from([0xff]) })],
    ['another event', entry({}, { type: 'tillid.audit.v1.HeadsSeen' })],
    ['no event', Buffer.from('no event at all')],
  ])('names nothing with %s', (_what, bytes) => {
    expect(continuationIn(bytes)).toBeUndefined();
  });

  it('announces no key of another source, and none of 31 bytes', () => {
    expect(announcedKey('audit/2', entry())).toBeUndefined();
    expect(announcedKey('audit/1', entry({ publicKey: Buffer.alloc(31) }))).toBeUndefined();
  });
});
