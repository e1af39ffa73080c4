import { OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import { SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { leafHash, mapSubtree } from '@tillid/transparency';
import { describe, expect, it } from 'vitest';
import { emptyChain, nextChain, nextChainOver, ownLogMapKey, ownLogMapValue, verifyRecord } from '../index.js';
import { OwnLogsCheck } from './own-logs-check.js';

let salt = 0;
const entry = (event: Partial<Event>): Event => Event.fromPartial({ id: Buffer.alloc(16, salt), salt: Buffer.alloc(16, salt++), source: 'consent/0', stream: 's', revision: 1, type: 'tillid.consent.v1.ShareAuthorized', ...event });
const atTheBank = (subject: string) => entry({ subject, clientId: 'bank' });
const linked = (citizenId: string, pseudonym: string) => entry({ type: 'tillid.authentication.v1.SubjectLinked', subject: citizenId, data: Buffer.from(SubjectLinked.encode(SubjectLinked.fromPartial({ citizenId, clientId: 'bank', pseudonym })).finish()) });
const bytesOf = (event: Event) => Event.encode(event).finish();

/** Anna is at the bank before anyone says that it is her, and once after; the bank has two lines, she three. */
const early = atTheBank('p-anna');
const link = linked('anna', 'p-anna');
const late = atTheBank('p-anna');
const lines: Readonly<Record<string, readonly Event[]>> = { 'citizen/anna': [link, early, late], 'client/bank': [early, late] };

function heads(owners: Readonly<Record<string, readonly Event[]>>, ledgerPosition: number, change: Partial<OwnLogHeads> = {}): Event {
  const entries = Object.entries(owners).map(([owner, events]) => {
    const chain = events.reduce<Uint8Array>((before, event) => nextChain(before, bytesOf(event)), emptyChain);
    return { key: ownLogMapKey(owner), value: ownLogMapValue({ number: events.length, chain }) };
  });
  const { root, count } = mapSubtree(entries);
  const data = OwnLogHeads.encode({ ledgerPosition, root, logs: count, ...change }).finish();
  return entry({ source: 'audit/0', type: 'tillid.audit.v1.OwnLogHeads', data: Buffer.from(data) });
}

function faultsOf(...events: readonly Event[]): readonly (string | undefined)[] {
  const check = new OwnLogsCheck();
  return events.map((event, index) => check.entry(event, leafHash(bytesOf(event)), index + 1)).filter((fault) => fault !== undefined);
}

describe('the heads that audit committed', () => {
  it('are those that the entries give, also of what came before its link, and as of before what came since', () => {
    expect(faultsOf(early, link, late, atTheBank('nobody yet'), heads(lines, 3), link)).toEqual([]);
  });

  it.each([
    ['has one line less for one citizen', () => heads({ ...lines, 'citizen/anna': [link, early] }, 3)],
    ['has her lines in another order', () => heads({ ...lines, 'citizen/anna': [early, link, late] }, 3)],
    ['has a line of hers that is not in the log', () => heads({ ...lines, 'citizen/anna': [link, early, late, atTheBank('p-anna')] }, 3)],
    ['leaves her log out', () => heads({ 'client/bank': lines['client/bank']! }, 3)],
    ['counts a log too many', () => heads(lines, 3, { logs: 3 })],
    ['is as of an entry that comes later', () => heads(lines, 4)],
  ])('are found false when what was committed %s', (_how, committed) => {
    expect(faultsOf(early, link, late, committed())).toHaveLength(1);
  });

  it('never go back', () => {
    expect(faultsOf(early, link, late, heads(lines, 3), heads(lines, 3))).toHaveLength(1);
  });

  it('are part of what is said about the record', async () => {
    const { findings } = await verifyRecord([early, link, late, heads({ 'client/bank': lines['client/bank']! }, 3)].map(bytesOf));
    expect(findings.map(({ code }) => code)).toContain('own_log.differs');
  });
});

it('a chain goes on from a leaf hash as it does from the event', () => {
  expect(nextChainOver(emptyChain, leafHash(bytesOf(early)))).toEqual(nextChain(emptyChain, bytesOf(early)));
  expect(() => nextChainOver(emptyChain, Buffer.alloc(31))).toThrow('32 bytes');
});
