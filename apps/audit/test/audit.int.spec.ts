import { OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import { AuditServiceService, type MyEventsBatch, type ReplayBatch } from '@tillid/contracts/audit/v1/service';
import { ActorKind, Event } from '@tillid/contracts/event/v1/event';
import { emptyChain, nextChain, nextChainOver, ownLogMapKey, ownLogMapValue } from '@tillid/eventsourcing';
import type { Caller } from '@tillid/service';
import { checkMapProof, checkReceipt, leafHash, parseReceipt, verifyLog } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointReading } from '../src/integrate/observe-integration.js';
import { publicLogRoutes } from '../src/public-log/public-log.routes.js';
import { closeDays } from '../src/record-reading/record-reading.js';
import { auditInTest } from './audit-in-test.js';

let audit: Awaited<ReturnType<typeof auditInTest>>;
beforeEach(async () => {
  audit = await auditInTest();
});
afterEach(() => audit.close());

const agent = () => audit.service.as({ kind: 'citizen_agent', id: 'portal' });
const bank = () => audit.service.as({ kind: 'relying_service', id: 'fjordbanken' });
const auditor = (id = 'rigsrevisionen') => audit.service.as({ kind: 'auditor', id });
const anna = { citizen: { subject: 'anna' } };
const dayMs = 24 * 60 * 60 * 1000;
const key = 'a-key-of-at-least-16';

async function annaAtTheBank() {
  await audit.happens('authentication/0', 'tillid.authentication.v1.ClientRegistered', {}, { clientId: 'fjordbanken', name: 'Fjordbanken' });
  await audit.happens('authentication/0', 'tillid.authentication.v1.SubjectLinked', { subject: 'anna' }, { citizenId: 'anna', clientId: 'fjordbanken', pseudonym: 'p-anna' });
  await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-other', clientId: 'fjordbanken' });
  return audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna', clientId: 'fjordbanken', actor: { kind: ActorKind.RELYING_SERVICE, id: 'fjordbanken', onBehalfOf: '' } }, { attributes: ['https://data.gov.dk/model/core/address'] });
}
const typesOf = (entries: readonly { type: string }[]) => entries.map(({ type }) => type.split('.').at(-1));

describe('the metrics of the signed tree', () => {
  it('say how many entries it lacks, and how old it is', async () => {
    const { book } = audit.room;
    const { position } = await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna' });
    await audit.signedTree.waitForSize(position, AbortSignal.timeout(10_000));
    const { head } = audit.signedTree;
    expect(checkpointReading(audit.signedTree, book)).toEqual({ signedAtMs: audit.now(), size: 1, behind: 0 });
    expect(checkpointReading({ head: { ...head, size: 0, signedAtMs: 5 } }, book)).toEqual({ signedAtMs: 5, size: 0, behind: 1 });
  });
});

describe("a citizen's access log", () => {
  it('shows what was done under every name, newest first, and nobody else', async () => {
    const { leafIndex, position } = await annaAtTheBank();
    const { entries } = await agent().call(AuditServiceService.listAccessLog, {}, anna);
    // Her reading is recorded first, but may not have come through the feed yet.
    const others = entries.filter(({ type }) => !type.endsWith('AccessLogRead'));
    expect(typesOf(others)).toEqual(['ShareAuthorized', 'SubjectLinked']);
    expect(others[0]).toMatchObject({ leafIndex, source: 'consent/0', sourcePosition: position, clientName: 'Fjordbanken', attributes: ['https://data.gov.dk/model/core/address'], actor: { id: 'fjordbanken' } });
  });

  it('shows an event of a type that this version does not know', async () => {
    await audit.happens('identity/0', 'tillid.identity.v9.SomethingNew', { subject: 'anna' });
    const { entries } = await agent().call(AuditServiceService.listAccessLog, {}, anna);
    expect(typesOf(entries)).toContain('SomethingNew');
  });

  it('pages without leaving out or repeating', async () => {
    await annaAtTheBank();
    for (let index = 0; index < 7; index += 1) await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', index % 2 ? { subject: 'anna' } : { subject: 'p-anna', clientId: 'fjordbanken' });
    await agent().call(AuditServiceService.listAccessLog, {}, anna);
    await audit.settled();
    const seen: number[] = [];
    for (let pageToken = ''; ; ) {
      const reply = await agent().call(AuditServiceService.listAccessLog, { pageSize: 2, pageToken }, anna);
      seen.push(...reply.entries.map(({ leafIndex }) => leafIndex));
      pageToken = reply.nextPageToken;
      if (pageToken === '') break;
    }
    expect(seen).toHaveLength(10);
    expect(seen).toEqual(seen.toSorted((one, other) => other - one));
    await expect(agent().call(AuditServiceService.listAccessLog, { pageToken: 'x' }, anna)).rejects.toThrow('call.malformed');
    await expect(agent().call(AuditServiceService.listAccessLog, { pageSize: 201 }, anna)).rejects.toThrow('call.malformed');
  });

  it('counts her own readings: the first at once, the rest when the day is over', async () => {
    for (let reading = 0; reading < 4; reading += 1) await agent().call(AuditServiceService.listAccessLog, {}, anna);
    await audit.settled();
    await closeDays(audit.room);
    const readings = async () => {
      await audit.settled();
      const page = await audit.room.ownLogLines.page({ index: 'byOwner', equals: ['citizen/anna'], limit: 10 });
      return page.documents.length;
    };
    expect(await readings()).toBe(1);
    audit.passTime(dayMs);
    await closeDays(audit.room);
    await closeDays(audit.room);
    expect(await readings()).toBe(2);
    const { bytes } = (await audit.stores.events.readStream('log-read-anna-2026-11-24'))[1] as { bytes: Uint8Array };
    expect(audit.room.log.codec.decode(bytes, 1)?.event).toMatchObject({ type: 'AccessLogRead', count: 3 });
  });

  it('gives one entry whole, and no one else its own', async () => {
    const { leafIndex } = await annaAtTheBank();
    const { event } = await agent().call(AuditServiceService.getEntry, { leafIndex }, anna);
    expect(Event.decode(event).subject).toBe('p-anna');
    for (const unknown of [leafIndex - 1, 10_000]) await expect(agent().call(AuditServiceService.getEntry, { leafIndex: unknown }, anna)).rejects.toThrow('entry.unknown');
    await expect(agent().call(AuditServiceService.getEntry, { leafIndex }, { citizen: { subject: 'bent' } })).rejects.toThrow('entry.unknown');
  });
});

describe("a citizen who keeps the head of her log", () => {
  const owner = 'citizen/anna';
  const headFor = async () => {
    await audit.settled();
    await audit.ownLogHeads.record();
    await audit.settled();
    const { heads, event, receipt } = await agent().call(AuditServiceService.getOwnLogHead, {}, anna);
    // All of this needs the log's key, and nothing of audit.
    const { index, checkpoint } = checkReceipt(parseReceipt(receipt), leafHash(event), audit.vkey);
    const { type, data } = Event.decode(event);
    const committed = OwnLogHeads.decode(data);
    expect(type).toBe('tillid.audit.v1.OwnLogHeads');
    for (const { owner: whose, number, chain, siblings, otherKey, otherValue } of heads) {
      const other = otherKey.length > 0 ? { other: { key: otherKey, value: otherValue } } : {};
      checkMapProof(committed.root, ownLogMapKey(whose), number > 0 ? ownLogMapValue({ number, chain }) : undefined, { siblings, ...other });
    }
    expect(heads.map((head) => head.owner)).toEqual([owner, 'everyone']);
    return { own: heads[0]!, everyones: heads[1]!, committed, index, checkpoint };
  };

  it('can show later that nothing before it was taken out or slipped in, and that nothing newer is held back', async () => {
    await annaAtTheBank();
    const kept = await headFor();
    expect(kept).toMatchObject({ own: { number: 2 }, everyones: { number: 0 }, committed: { logs: 2 } });
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna', clientId: 'fjordbanken' });
    const { entries } = await agent().call(AuditServiceService.listAccessLog, {}, anna);
    await audit.settled();
    const later = await headFor();
    const own = entries.filter(({ everyones }) => !everyones).toReversed();
    expect(own.map(({ number }) => number)).toEqual(own.map((_line, index) => index + 1));
    let chain: Uint8Array = emptyChain;
    for (const line of own) {
      chain = nextChainOver(chain, line.leafHash);
      expect(line.chain).toEqual(Buffer.from(chain));
      if (line.number === kept.own.number) expect(line.chain).toEqual(kept.own.chain);
    }
    const all = (await agent().call(AuditServiceService.listAccessLog, {}, anna)).entries.filter(({ everyones }) => !everyones);
    expect(all.find(({ number }) => number === later.own.number)?.chain).toEqual(later.own.chain);
    expect(later.own.number).toBe(all.length);
  });

  it('is proved to have no line while she has none', async () => {
    await audit.happens('identity/0', 'tillid.identity.v1.CitizenRegistered', { subject: 'bent' });
    expect((await headFor()).own).toMatchObject({ number: 0, chain: Buffer.alloc(0) });
  });

  it('is told to come again while nothing is committed, and not told about others', async () => {
    await expect(agent().call(AuditServiceService.getOwnLogHead, {}, anna)).rejects.toThrow('own_log.not_yet');
    await expect(agent().call(AuditServiceService.getOwnLogHead, {})).rejects.toThrow('token.required');
    await expect(auditor().call(AuditServiceService.getOwnLogHead, {})).rejects.toThrow('call.not_allowed');
  });

  it('stays provable while the log goes on and nobody has a new line', async () => {
    await annaAtTheBank();
    const { own, committed } = await headFor();
    await audit.saysHead('identity/0');
    await audit.headsRecorder.record();
    await audit.settled();
    expect(await audit.ownLogHeads.record()).toBe(false);
    expect((await headFor())).toMatchObject({ own: { number: own.number, chain: own.chain }, committed: { ledgerPosition: committed.ledgerPosition } });
  });

  it('is waited for while it is being committed', async () => {
    await annaAtTheBank();
    await headFor();
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna', clientId: 'fjordbanken' });
    // As when audit dies, or its store is slow, between the map and the event.
    await audit.room.ownLogMap.advanceTo(audit.room.book.line('own-logs', 'ledger').position);
    const asked = agent().call(AuditServiceService.getOwnLogHead, {}, anna);
    await audit.ownLogHeads.record();
    expect((await asked).heads[0]).toMatchObject({ owner, number: 3 });
  });

  it('costs the log nothing while nobody has a new line', async () => {
    await annaAtTheBank();
    expect(await audit.ownLogHeads.record()).toBe(true);
    await audit.settled();
    expect(await audit.ownLogHeads.record()).toBe(false);
    await audit.happens('consent/0', 'tillid.consent.v1.AgreementRegistered', {});
    expect(await audit.ownLogHeads.record()).toBe(false);
  });
});

describe('a relying service that follows its own events', () => {
  const collect = async (stream: AsyncIterable<MyEventsBatch>) => {
    const batches: MyEventsBatch[] = [];
    for await (const batch of stream) batches.push(batch);
    return { numbers: batches.flatMap(({ firstNumber, events }) => events.map((_event, index) => firstNumber + index)), events: batches.flatMap(({ events }) => events), last: batches.at(-1) };
  };
  const shares = async (count: number, clientId = 'fjordbanken') => {
    for (let index = 0; index < count; index += 1) await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: `p-${index}`, clientId });
  };

  it('gets each of them once, densely numbered, by a chain it can recompute, and no one else\'s', async () => {
    await shares(3);
    await shares(2, 'another');
    await shares(2);
    const { numbers, events, last } = await collect(bank().stream(AuditServiceService.streamMyEvents, {}));
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
    expect(events.every(({ event }) => Event.decode(event).clientId === 'fjordbanken')).toBe(true);
    expect(last?.chain).toEqual(Buffer.from(events.reduce<Uint8Array>((chain, { event }) => nextChain(chain, event), emptyChain)));
  });

  it('goes on after the last number it has, and is told when it has more than there is', async () => {
    await shares(4);
    expect((await collect(bank().stream(AuditServiceService.streamMyEvents, { afterNumber: 3 }))).numbers).toEqual([4]);
    expect((await collect(bank().stream(AuditServiceService.streamMyEvents, { afterNumber: 4 }))).numbers).toEqual([]);
    await expect(collect(bank().stream(AuditServiceService.streamMyEvents, { afterNumber: 5 }))).rejects.toThrow('own_log.number_ahead');
    await expect(collect(auditor().stream(AuditServiceService.streamMyEvents, {}))).rejects.toThrow('call.not_allowed');
  });

  it('hears of the next as it happens, until it leaves', async () => {
    await shares(1);
    const leaving = new AbortController();
    const numbers: number[] = [];
    for await (const { firstNumber, events } of bank().stream(AuditServiceService.streamMyEvents, { follow: true }, { signal: leaving.signal })) {
      numbers.push(...events.map((_event, index) => firstNumber + index));
      if (numbers.length === 1) await shares(1);
      if (numbers.length === 2) leaving.abort();
    }
    expect(numbers).toEqual([1, 2]);
  });

  it('can have the head of its log proved, too', async () => {
    await shares(2);
    await audit.ownLogHeads.record();
    const { heads } = await bank().call(AuditServiceService.getOwnLogHead, {});
    expect(heads).toMatchObject([{ owner: 'client/fjordbanken', number: 2 }]);
  });
});

describe('a receipt', () => {
  it('is given to the relying service it was done for, and checks with the key alone', async () => {
    const { position, leafIndex } = await annaAtTheBank();
    const { receipt, event } = await bank().call(AuditServiceService.getReceipt, { sourcePosition: `consent/0@${position}` });
    expect(checkReceipt(parseReceipt(receipt), leafHash(event), audit.vkey)).toMatchObject({ index: leafIndex });
  });

  it('is given to the citizen and to auditors, and refused to others like an entry that is not there', async () => {
    const { leafIndex } = await annaAtTheBank();
    const asked = { leafIndex };
    expect((await agent().call(AuditServiceService.getReceipt, asked, anna)).leafIndex).toBe(leafIndex);
    expect((await auditor().call(AuditServiceService.getReceipt, asked)).leafIndex).toBe(leafIndex);
    await expect(audit.service.as({ kind: 'relying_service', id: 'another' }).call(AuditServiceService.getReceipt, asked)).rejects.toThrow('entry.unknown');
    await expect(agent().call(AuditServiceService.getReceipt, asked, { citizen: { subject: 'bent' } })).rejects.toThrow('entry.unknown');
    await expect(agent().call(AuditServiceService.getReceipt, asked)).rejects.toThrow('token.required');
    await expect(bank().call(AuditServiceService.getReceipt, { sourcePosition: 'nonsense' })).rejects.toThrow('call.malformed');
  });

  it('is given to the provider of a share by its hash alone, and tells nothing of whom the receiver knows', async () => {
    const { leafIndex } = await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna', clientId: 'fjordbanken' }, { shareId: 's1', providerId: 'sundby-hospital' });
    const provider = audit.service.as({ kind: 'relying_service', id: 'sundby-hospital' });
    const { receipt, event, leafHash: leaf, ...rest } = await provider.call(AuditServiceService.getReceipt, { leafIndex });
    expect([event.length, rest.leafIndex]).toEqual([0, leafIndex]);
    expect(checkReceipt(parseReceipt(receipt), leaf, audit.vkey)).toMatchObject({ index: leafIndex });
    // Whoever does have the event can open it.
    const theirs = await bank().call(AuditServiceService.getReceipt, { leafIndex });
    expect(leaf).toEqual(leafHash(theirs.event));
    expect(theirs.leafHash).toEqual(leaf);
  });

  it('asked for by an auditor is seen by everyone, once a day and with the number when it is over', async () => {
    const { leafIndex } = await annaAtTheBank();
    for (let index = 0; index < 3; index += 1) await auditor().call(AuditServiceService.getReceipt, { leafIndex });
    const seenByBent = async () => {
      await audit.settled();
      const { entries } = await agent().call(AuditServiceService.listAccessLog, {}, { citizen: { subject: 'bent' } });
      return entries.filter(({ type }) => type.endsWith('EntriesRead'));
    };
    expect(await seenByBent()).toMatchObject([{ everyones: true, actor: { id: 'rigsrevisionen' } }]);
    audit.passTime(dayMs);
    await closeDays(audit.room);
    expect(await seenByBent()).toHaveLength(2);
    const { bytes } = (await audit.stores.events.readStream('entries-read-rigsrevisionen-2026-11-24'))[1] as { bytes: Uint8Array };
    expect(audit.room.log.codec.decode(bytes, 1)?.event).toMatchObject({ type: 'EntriesRead', count: 2 });
  });

  it('of what has not arrived is not there yet, and says so before the deadline', async () => {
    await expect(bank().call(AuditServiceService.getReceipt, { sourcePosition: 'consent/0@99' }, { timeoutMs: 400 })).rejects.toThrow('receipt.not_yet');
  });
});

describe('coverage', () => {
  it('says which source is silent, and until when the record is whole', async () => {
    await annaAtTheBank();
    for (const source of ['identity/0', 'authentication/0', 'audit/0']) await audit.saysHead(source);
    const { coverage: silent } = await bank().call(AuditServiceService.getCoverage, {});
    expect(silent).toMatchObject({ mayBeIncomplete: expect.stringContaining('source.never_heard:consent/0'), completeAsOf: undefined });
    await audit.saysHead('consent/0');
    const { coverage } = await bank().call(AuditServiceService.getCoverage, {});
    expect(coverage).toMatchObject({ mayBeIncomplete: '', completeAsOf: new Date(audit.now()) });
    expect(coverage?.sources.find(({ source }) => source === 'consent/0')).toMatchObject({ takenInPosition: 2, headPosition: 2, gap: false });
    audit.passTime(10_000);
    expect((await bank().call(AuditServiceService.getCoverage, {})).coverage?.mayBeIncomplete).toContain('source.silent:consent/0');
  });
});

describe('a replay', () => {
  const collect = async (stream: AsyncIterable<ReplayBatch>) => {
    const batches: ReplayBatch[] = [];
    for await (const batch of stream) batches.push(batch);
    return { events: batches.flatMap(({ firstLeafIndex, events }) => events.map((bytes, index) => ({ leafIndex: firstLeafIndex + index, event: Event.decode(bytes) }))), last: batches.at(-1) };
  };

  it('gives the ledger in order, once recorded where everyone sees it', async () => {
    await annaAtTheBank();
    const { events, last } = await collect(auditor().stream(AuditServiceService.replay, { leafIndex: 1, idempotencyKey: key }));
    expect(events.map(({ leafIndex }) => leafIndex).slice(0, 3)).toEqual([1, 2, 3]);
    await collect(auditor().stream(AuditServiceService.replay, { leafIndex: 1, idempotencyKey: key }));
    await audit.settled();
    const { entries } = await agent().call(AuditServiceService.listAccessLog, {}, { citizen: { subject: 'bent' } });
    expect(typesOf(entries).filter((type) => type === 'LogReplayed')).toHaveLength(1);
    const resumed = await collect(auditor().stream(AuditServiceService.replay, { resumeToken: last?.resumeToken ?? '' }));
    expect(resumed.events[0]?.leafIndex ?? 4).toBeGreaterThanOrEqual(4);
    await expect(collect(auditor('someone-else').stream(AuditServiceService.replay, { resumeToken: last?.resumeToken ?? '' }))).rejects.toThrow('replay.token_malformed');
  });

  it('is refused without a key, beyond the end, and for a token that was never given', async () => {
    await expect(collect(auditor().stream(AuditServiceService.replay, { leafIndex: 0 }))).rejects.toThrow('call.malformed');
    await expect(collect(auditor().stream(AuditServiceService.replay, { leafIndex: 99, idempotencyKey: key }))).rejects.toThrow('replay.position_ahead');
    for (const resumeToken of ['', 'x', Buffer.from(JSON.stringify(['0'.repeat(32), 0, {}])).toString('base64url')]) {
      await expect(collect(auditor().stream(AuditServiceService.replay, { resumeToken }))).rejects.toThrow('replay.token_malformed');
    }
    await expect(collect(bank().stream(AuditServiceService.replay, { leafIndex: 0, idempotencyKey: key }))).rejects.toThrow('call.not_allowed');
  });

  it('from an instant gives what is dated from then on, source by source', async () => {
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'early' });
    await audit.happens('identity/0', 'tillid.identity.v1.CitizenRegistered', { subject: 'late, for identity said nothing before' });
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'early too' });
    await audit.saysHead('consent/0');
    expect(await audit.headsRecorder.record()).toBe(true);
    expect(await audit.headsRecorder.record()).toBe(false);
    audit.passTime(1000);
    const instant = new Date(audit.now());
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'late' });
    const { events } = await collect(auditor().stream(AuditServiceService.replay, { instant, idempotencyKey: key }));
    expect(events.map(({ event }) => event.subject).filter((subject) => subject !== '')).toEqual(['late, for identity said nothing before', 'late']);
  });

  it('until an instant gives what is dated before, source by source, and is the same however late it is asked for', async () => {
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'early' });
    await audit.happens('identity/0', 'tillid.identity.v1.CitizenRegistered', { subject: 'late, for identity said nothing before' });
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'early too' });
    await audit.saysHead('consent/0');
    expect(await audit.headsRecorder.record()).toBe(true);
    const until = new Date(audit.now());
    const asked = { leafIndex: 0, until, idempotencyKey: key };
    await expect(collect(auditor().stream(AuditServiceService.replay, asked))).rejects.toThrow('replay.instant_ahead');
    audit.passTime(2000);
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'late' });
    await audit.saysHead('consent/0');
    await audit.headsRecorder.record();
    const { events, last } = await collect(auditor().stream(AuditServiceService.replay, asked));
    expect(events.map(({ leafIndex, event }) => [leafIndex, event.subject])).toEqual([[0, 'early'], [2, 'early too']]);
    expect(last).toMatchObject({ nextLeafIndex: 3, endLeafIndex: 3 });
    expect((await collect(auditor().stream(AuditServiceService.replay, { ...asked, until: new Date(until.getTime() - 1), idempotencyKey: `${key}-2` }))).events).toEqual([]);
    await expect(collect(auditor().stream(AuditServiceService.replay, { ...asked, follow: true }))).rejects.toThrow('call.malformed');
    await expect(collect(auditor().stream(AuditServiceService.replay, { resumeToken: last!.resumeToken, follow: true }))).rejects.toThrow('call.malformed');
  });

  it('with a filter gives what passes it and where it stands, and says how far it has looked when nothing does', async () => {
    const { leafIndex } = await annaAtTheBank();
    const filter = (more: object) => ({ filter: { sources: [], types: [], subjects: [], clientIds: [], outcomes: [], ...more } });
    const ask = (more: object, from = 0) => collect(auditor().stream(AuditServiceService.replay, { leafIndex: from, idempotencyKey: `${key}-${JSON.stringify(more).replaceAll(/\W/g, '')}`.slice(0, 64), ...filter(more) }));
    const shares = await ask({ types: ['tillid.consent.v1.ShareAuthorized', 'tillid.consent.v1.ShareRefused'], clientIds: ['fjordbanken'] });
    expect(shares.last?.leafIndexes).toEqual([leafIndex - 1, leafIndex]);
    expect(shares.last).toMatchObject({ firstLeafIndex: leafIndex - 1, endLeafIndex: shares.last?.nextLeafIndex });
    expect((await ask({ types: ['tillid.consent.v1.ShareAuthorized'], subjects: ['p-anna'] })).events.map(({ event }) => event.subject)).toEqual(['p-anna']);
    expect((await ask({ sources: ['authentication/0'], outcomes: [1] })).last?.leafIndexes).toEqual([0, 1]);
    const none = await ask({ clientIds: ['nobody'] });
    expect([none.events, none.last!.nextLeafIndex > leafIndex, none.last!.nextLeafIndex === none.last!.endLeafIndex]).toEqual([[], true, true]);
    for (const tooMuch of [{ types: Array.from({ length: 101 }, (_, index) => `t${index}`) }, { subjects: ['x'.repeat(201)] }, { clientIds: [''] }, { outcomes: [0] }]) await expect(ask(tooMuch)).rejects.toThrow('call.malformed');
  });

  it('is resumed only as what it was recorded as, and what an auditor looked for is written nowhere', async () => {
    await annaAtTheBank();
    const filter = { sources: [], types: [], subjects: ['p-anna', '010190-1234'], clientIds: [], outcomes: [] };
    const { last } = await collect(auditor().stream(AuditServiceService.replay, { leafIndex: 0, filter, idempotencyKey: key }));
    const resumeToken = last!.resumeToken;
    await collect(auditor().stream(AuditServiceService.replay, { resumeToken, filter: { ...filter, subjects: ['010190-1234', 'p-anna'] } }));
    await expect(collect(auditor().stream(AuditServiceService.replay, { resumeToken }))).rejects.toThrow('replay.token_malformed');
    await expect(collect(auditor().stream(AuditServiceService.replay, { resumeToken, filter: { ...filter, subjects: ['p-bent'] } }))).rejects.toThrow('replay.token_malformed');
    const parts = JSON.parse(Buffer.from(resumeToken, 'base64url').toString()) as unknown[];
    const wider = Buffer.from(JSON.stringify(parts.with(2, { 'consent/0': 0 }))).toString('base64url');
    await expect(collect(auditor().stream(AuditServiceService.replay, { resumeToken: wider, filter }))).rejects.toThrow('replay.token_malformed');
    const { events } = await collect(auditor().stream(AuditServiceService.replay, { leafIndex: 0, idempotencyKey: `${key}-all` }));
    const recorded = (await audit.stores.events.readAll(0, 100)).map(({ bytes }) => audit.room.log.codec.decode(bytes, 1)!.event).filter(({ type }) => type === 'LogReplayed');
    expect(recorded).toMatchObject([{ fromPosition: 1, filteredBy: ['subject'], untilMs: 0 }, { filteredBy: [] }]);
    for (const { event } of events.filter(({ event }) => event.source === 'audit/0')) expect(JSON.stringify(Event.toJSON(event))).not.toContain('p-anna');
  });

  it('that follows goes on as things happen, until its reader leaves', async () => {
    await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'first' });
    const leaving = new AbortController();
    const stream = auditor().stream(AuditServiceService.replay, { leafIndex: 0, idempotencyKey: key, follow: true }, { signal: leaving.signal });
    const subjects: string[] = [];
    for await (const { events } of stream) {
      subjects.push(...events.map((bytes) => Event.decode(bytes).subject).filter((subject) => subject !== ''));
      if (subjects.length === 1) await audit.happens('consent/0', 'tillid.consent.v1.ShareAuthorized', { subject: 'second' });
      if (subjects.length === 2) leaving.abort();
    }
    expect(subjects).toEqual(['first', 'second']);
  });
});

const service = (id: string): Caller => ({ kind: 'service', id, thumbprint: '' });

describe('the public log', () => {
  it('serves checkpoint and tiles to all and bundles to auditors, at exactly their paths', async () => {
    const { leafIndex } = await annaAtTheBank();
    await audit.signedTree.waitForSize(leafIndex + 1, AbortSignal.timeout(5000));
    const routes = new Map(publicLogRoutes(audit.room).map((route) => [route.path, route]));
    expect(routes.get('/tile/entries/*')?.access).toEqual(['auditor', 'service']);
    const get = (route: string, star = '', caller?: Caller) => (routes.get(route) as NonNullable<ReturnType<typeof routes.get>>).handle({ path: '', params: { '*': star }, headers: {}, ...(caller && { caller }) });
    expect((await get('/checkpoint')).body).toBe(audit.signedTree.head.checkpoint);
    const width = audit.signedTree.head.size;
    expect((await get('/tile/*', `0/000.p/${width}`)).headers?.['cache-control']).toContain('immutable');
    await get('/tile/entries/*', `000.p/${width}`);
    await get('/tile/entries/*', `000.p/${width}`, service('audit'));
    expect(await audit.stores.events.lastRevision('entries-read-rigsrevisionen-2026-11-24')).toBe(0);
    await get('/tile/entries/*', `000.p/${width}`, { kind: 'auditor', id: 'rigsrevisionen', thumbprint: '' });
    expect(await audit.stores.events.lastRevision('entries-read-rigsrevisionen-2026-11-24')).toBe(1);
    await expect(get('/tile/entries/*', `000.p/${width}`, service('consent'))).rejects.toThrow('entry.unknown');
    for (const star of [`entries/000.p/${width}`, '0/../../log.vkey', '0/001', '00/000', '']) await expect(get('/tile/*', star)).rejects.toThrow('entry.unknown');
    for (const star of ['5340bcad', '5340BCAD', '../checkpoint', '../../secrets/log-signing.key', '']) await expect(get('/key/*', star)).rejects.toThrow('entry.unknown');
    expect(await verifyLog(audit.room.files, audit.vkey, { entries: true })).toMatchObject({ holds: true });
  });
});
