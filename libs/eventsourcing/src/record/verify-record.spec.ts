import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ActorKind, Event, type SignedHead } from '@tillid/contracts/event/v1/event';
import { eventCodec, handle, nextChain, RecordVerifier, startingPoint, verifyRecord, type Decider, type EventOf } from '../index.js';
import { inMemoryEventStore } from '../in-memory/index.js';
import { announceKey, consent, consentSource, contextOf, envelope, noon, signHead, testClock } from '../world.spec-kit.js';

const auditEvents = eventCodec('tillid.audit.v1', { HeadsSeen });
const seeing: Decider<{ timeMs: number; heads: SignedHead[] }, null, EventOf<typeof auditEvents>> = {
  initial: null,
  decide: ({ timeMs, heads }) => [{ type: 'HeadsSeen', timeMs, heads }],
  evolve: () => null,
};

/** Two services and audit, as a ledger has them: their events mixed, and what audit saw of their heads. */
async function record() {
  const consentService = consentSource('consent/0');
  const identity = consentSource('identity/0');
  const keys = generateKeyPairSync('ed25519');
  const audit = { store: inMemoryEventStore(), codec: auditEvents, source: 'audit/0', clock: testClock(), ids: { bytes: randomBytes } };
  const leaves: Buffer[] = [];
  const taken = new Map<string, number>();

  /** Audit takes in what a source has by now. */
  const take = async (source: string, store = source === 'audit/0' ? audit.store : source === 'consent/0' ? consentService.log.store : identity.log.store, upTo = Infinity) => {
    const fresh = (await store.readAll(taken.get(source) ?? 0, 1000)).filter(({ position }) => position <= upTo);
    leaves.push(...fresh.map(({ bytes }) => Buffer.from(bytes)));
    taken.set(source, (taken.get(source) ?? 0) + fresh.length);
  };
  const headOf = async (source: string, timeMs: number) => {
    const own = source === 'consent/0' ? consentService : identity;
    const { position, chain } = await (source === 'audit/0' ? audit : own.log).store.head();
    return signHead(source, source === 'audit/0' ? keys.privateKey : own.keyAt(position), position, chain, timeMs);
  };
  const see = async (timeMs: number, instead: readonly SignedHead[] = []) => {
    const own = await Promise.all(['audit/0', 'consent/0', 'identity/0'].map((source) => headOf(source, timeMs)));
    const all = own.map((head) => instead.find(({ source }) => source === head.source) ?? head);
    await handle(audit, contextOf(`see ${timeMs} ${all.length}`.slice(0, 16)), [{ stream: 'heads-seen', decider: seeing, command: { timeMs, heads: all }, envelope: () => ({ actor: { kind: ActorKind.SYSTEM, id: 'audit' } }) }]);
  };

  await announceKey(audit as never, 'audit/0', keys.publicKey);
  await consentService.announce();
  await identity.announce();
  return { consentService, identity, audit, leaves, take, see, headOf };
}

async function wholeDay() {
  const day = await record();
  const { consentService, identity, take, see, leaves } = day;
  await take('consent/0');
  await take('identity/0');
  await consentService.act('consent-1', { type: 'Request' });
  await take('consent/0');
  await see(noon + 1000);
  await identity.act('citizen-1', { type: 'Request' });
  await handle(consentService.log, contextOf('two at once'), [
    { stream: 'consent-2', decider: consent, command: { type: 'Request' }, envelope },
    { stream: 'consent-3', decider: consent, command: { type: 'Request' }, envelope },
  ]);
  await take('audit/0');
  await take('consent/0');
  await take('identity/0');
  await see(noon + 2000);
  await take('audit/0');
  return { ...day, leaves };
}

const codes = async (leaves: readonly Uint8Array[]) => [...new Set((await verifyRecord(leaves)).findings.map(({ code }) => code))];
const indexOf = (leaves: readonly Buffer[], source: string, position: number) => leaves.map((bytes, index) => ({ index, event: Event.decode(bytes) })).filter(({ event }) => event.source === source)[position - 1]!.index;

describe('a record that is whole', () => {
  it('has nothing wrong with it, and says how far each source is confirmed and when its entries are dated', async () => {
    const { leaves } = await wholeDay();
    const { findings, sources, entries, timeline } = await verifyRecord(leaves);
    expect(findings).toEqual([]);
    expect(entries).toBe(leaves.length);
    expect(sources.map(({ source, position, confirmedPosition, commitOpen }) => [source, position, confirmedPosition, commitOpen])).toEqual([
      ['audit/0', 3, 2, false],
      ['consent/0', 4, 4, false],
      ['identity/0', 2, 2, false],
    ]);
    expect(timeline.dateOf('consent/0', 2)).toBe(noon + 1000);
    expect(timeline.dateOf('consent/0', 3)).toBe(noon + 2000);
    expect(timeline.positionsAt(noon + 1500).get('consent/0')).toBe(2);
  });

  it('may have heads that are ahead of its entries: they are checked when the entries come', async () => {
    const { consentService, take, see, leaves } = await record();
    await consentService.act('consent-1', { type: 'Request' });
    await take('identity/0');
    await see(noon + 1000);
    await take('audit/0');
    expect((await verifyRecord(leaves)).sources.find(({ source }) => source === 'consent/0')).toMatchObject({ position: 0, headPosition: 2, confirmedPosition: 0 });
    expect(await codes(leaves)).toEqual(['head.ahead']);
    await take('consent/0');
    expect(await verifyRecord(leaves)).toMatchObject({ findings: [], sources: [{}, { confirmedPosition: 2 }, {}] });
  });

  it('may end inside a commit, and says so', async () => {
    const { leaves } = await wholeDay();
    const cut = leaves.slice(0, indexOf(leaves, 'consent/0', 4));
    const { sources, findings } = await verifyRecord(cut);
    expect(findings).toEqual([]);
    expect(sources.find(({ source }) => source === 'consent/0')!.commitOpen).toBe(true);
  });

  it('places each entry as it is fed', async () => {
    const { leaves } = await wholeDay();
    const verifier = new RecordVerifier({ streams: false });
    const placed = leaves.map((bytes) => verifier.entry(bytes)!);
    expect(placed[indexOf(leaves, 'consent/0', 4)]).toMatchObject({ source: 'consent/0', position: 4, leafIndex: indexOf(leaves, 'consent/0', 4) });
    expect(verifier.summary().findingCount).toBe(0);
  });
});

describe('a record of a source that changed its key', () => {
  async function changedAtNoon() {
    const day = await wholeDay();
    const next = await day.consentService.rotate();
    await day.consentService.act('consent-4', { type: 'Request' });
    await day.take('consent/0');
    return { ...day, next };
  }

  it('holds: each head bears the key in force there, and the keys are told', async () => {
    const { leaves, see, take } = await changedAtNoon();
    await see(noon + 3000);
    await take('audit/0');
    const { findings, sources } = await verifyRecord(leaves);
    expect(findings).toEqual([]);
    const consented = sources.find(({ source }) => source === 'consent/0')!;
    expect([consented.keys.length, consented.confirmedPosition]).toEqual([2, 6]);
  });

  it('holds when the new key’s first head was recorded before the announcement came in', async () => {
    const { leaves, see, take, consentService } = await wholeDay();
    await consentService.rotate();
    await see(noon + 3000);
    await take('audit/0');
    await take('consent/0');
    expect((await verifyRecord(leaves)).findings).toEqual([]);
  });

  it('shows a head that the old key signed after it, and one the new key signed before it', async () => {
    const { leaves, see, take, consentService } = await changedAtNoon();
    const { position, chain } = await consentService.log.store.head();
    await see(noon + 3000, [signHead('consent/0', consentService.privateKey, position, chain, noon + 3000)]);
    await take('audit/0');
    expect(await codes(leaves)).toEqual(['head.not_signed']);

    const early = await wholeDay();
    const before = await early.consentService.log.store.head();
    const { privateKey } = await early.consentService.rotate();
    await early.take('consent/0');
    await early.see(noon + 3000, [signHead('consent/0', privateKey, before.position, before.chain, noon + 3000)]);
    await early.take('audit/0');
    expect(await codes(early.leaves)).toEqual(['head.not_signed']);
  });

  it('shows a key that nobody vouched for, and goes on with the one in force', async () => {
    const { leaves, see, take, consentService } = await wholeDay();
    await announceKey(consentService.log, 'consent/0', generateKeyPairSync('ed25519').publicKey, Buffer.alloc(64), 'unvouched');
    await announceKey(consentService.log, 'consent/0', generateKeyPairSync('ed25519').publicKey, Buffer.alloc(0), 'of another', 'identity/0');
    await take('consent/0');
    await see(noon + 3000);
    await take('audit/0');
    const { findings } = await verifyRecord(leaves);
    expect(findings.map(({ code, source, position }) => `${code} ${source}@${position}`)).toEqual(['source.key_not_vouched consent/0@5', 'source.key_not_vouched consent/0@6']);
  });
});

describe('a record that was tampered with shows', () => {
  it('a removed entry', async () => {
    const { leaves } = await wholeDay();
    expect(await codes(leaves.toSpliced(indexOf(leaves, 'consent/0', 2), 1))).toContain('head.chain_differs');
    expect(await codes(leaves.toSpliced(indexOf(leaves, 'consent/0', 3), 1))).toContain('commit.broken');
  });

  it('two entries of a source swapped, or one twice', async () => {
    const { leaves } = await wholeDay();
    const [two, three] = [indexOf(leaves, 'consent/0', 2), indexOf(leaves, 'consent/0', 3)];
    expect(await codes(leaves.with(two, leaves[three]!).with(three, leaves[two]!))).toContain('head.chain_differs');
    expect(await codes(leaves.toSpliced(two, 0, leaves[two]!))).toEqual(expect.arrayContaining(['head.chain_differs', 'stream.gap']));
  });

  it('any flipped byte of an entry that a head covers', async () => {
    const { leaves } = await wholeDay();
    const index = indexOf(leaves, 'consent/0', 2);
    for (let byte = 0; byte < leaves[index]!.length; byte += 7) {
      const flipped = Buffer.from(leaves[index]!);
      flipped[byte]! ^= 1;
      expect(await codes(leaves.with(index, flipped))).not.toEqual([]);
    }
  });

  it('a leaf that is no event, and a source that never announced its key', async () => {
    const { leaves } = await wholeDay();
    expect(await codes([...leaves, Buffer.from('rubbish')])).toEqual(['entry.malformed']);
    const withoutKey = leaves.toSpliced(indexOf(leaves, 'identity/0', 1), 1);
    expect(await codes(withoutKey)).toEqual(expect.arrayContaining(['source.key_not_announced', 'head.not_signed']));
  });

  it('a commit whose events do not agree on what it is, though no head covers it yet', async () => {
    const { leaves, consentService, take } = await wholeDay();
    await handle(consentService.log, contextOf('unseen'), ['consent-8', 'consent-9'].map((stream) => ({ stream, decider: consent, command: { type: 'Request' } as const, envelope })));
    await take('consent/0');
    expect(await codes(leaves)).toEqual([]);
    const last = Event.decode(leaves.at(-1)!);
    for (const changed of [{ commitSize: 3 }, { commitIndex: 0 }, { commandId: Buffer.alloc(16) }]) {
      expect(await codes(leaves.with(-1, Buffer.from(Event.encode({ ...last, ...changed }).finish())))).toEqual(['commit.broken']);
    }
  });

  it('a head nobody signed, one for other entries, and time that goes back', async () => {
    const day = await wholeDay();
    const good = await day.headOf('consent/0', noon + 3000);
    await day.see(noon + 3000, [{ ...good, timeMs: noon + 3001 }]);
    await day.take('audit/0');
    expect(await codes(day.leaves)).toEqual(['head.not_signed']);

    const forked = await wholeDay();
    await forked.see(noon + 3000, [signHead('consent/0', forked.consentService.privateKey, 4, nextChain(startingPoint.chain, Buffer.from('other')), noon + 3000)]);
    await forked.take('audit/0');
    expect(await codes(forked.leaves)).toEqual(['head.chain_differs']);

    const backwards = await wholeDay();
    await backwards.see(noon + 500);
    await backwards.take('audit/0');
    expect(await codes(backwards.leaves)).toEqual(['heads.backwards']);
  });

  it('an event that claims to be older than a head that does not have it', async () => {
    const { consentService, take, see, leaves } = await record();
    await take('consent/0');
    await take('identity/0');
    await see(noon + 120_000);
    await take('audit/0');
    // The service's clock says noon still: written two minutes after its own head, dated before it.
    await consentService.act('consent-1', { type: 'Request' });
    await take('consent/0');
    expect(await codes(leaves)).toEqual(['entry.late']);
  });

  it('an event that claims to have happened well after audit saw it, and a head that was signed after', async () => {
    const early = await record();
    early.consentService.log.clock.now = noon + 3_600_000;
    await early.consentService.act('consent-1', { type: 'Request' });
    for (const source of ['consent/0', 'identity/0']) await early.take(source);
    await early.see(noon + 1000);
    await early.take('audit/0');
    expect((await verifyRecord(early.leaves)).findings).toMatchObject([{ code: 'entry.early', source: 'consent/0', position: 2 }]);

    const backDated = await wholeDay();
    await backDated.see(noon + 3000, [await backDated.headOf('consent/0', noon + 3_600_000)]);
    await backDated.take('audit/0');
    expect(await codes(backDated.leaves)).toEqual(['head.early']);
  });

  it('clocks that differ by less than a minute, as nothing wrong', async () => {
    const { leaves, see, headOf, take } = await wholeDay();
    await see(noon + 3000, [await headOf('consent/0', noon + 62_000)]);
    await take('audit/0');
    expect(await codes(leaves)).toEqual([]);
  });

  it('a source that audit no longer hears of: a time travel to that instant would show nothing of it', async () => {
    const { leaves, audit } = await wholeDay();
    const last = Event.decode(leaves.at(-1)!);
    const seen = HeadsSeen.decode(last.data);
    const without = { ...seen, timeMs: seen.timeMs + 1000, heads: seen.heads.filter(({ source }) => source !== 'identity/0') };
    const bytes = Event.encode({ ...last, id: randomBytes(16), revision: last.revision + 1, commandId: randomBytes(16), data: Buffer.from(HeadsSeen.encode(without).finish()) }).finish();
    expect(await codes([...leaves, Buffer.from(bytes)])).toEqual(['heads.backwards']);
    expect((await audit.store.head()).position).toBe(3);
  });

  it('entries that no head covers, once audit has long recorded others, or they were long there', async () => {
    const { consentService, identity, audit, take, see, leaves, headOf } = await wholeDay();
    const before = await headOf('consent/0', noon + 2000);
    await consentService.act('consent-8', { type: 'Request' });
    await take('consent/0');
    for (const minute of [1, 5, 10, 12, 13]) {
      audit.clock.now = identity.log.clock.now = noon + minute * 60_000;
      await identity.act(`citizen-${minute}`, { type: 'Request' });
      await take('identity/0');
      await see(noon + minute * 60_000, [before]);
      await take('audit/0');
      expect(await codes(leaves), `${minute}`).toEqual(minute < 12 ? [] : ['entry.unconfirmed']);
    }
    expect((await verifyRecord(leaves)).findingCount).toBe(1);

    const quiet = await wholeDay();
    await quiet.consentService.act('consent-8', { type: 'Request' });
    await quiet.take('consent/0');
    const seen = quiet.leaves.length;
    const settled = async (settledLeaves: number) => (await verifyRecord(quiet.leaves, { settledLeaves })).findings;
    expect(await settled(seen), 'a copy of a log that stopped there').toEqual([]);
    await quiet.identity.act('citizen-2', { type: 'Request' });
    await quiet.take('identity/0');
    expect(await settled(seen - 1)).toEqual([]);
    expect(await settled(seen)).toMatchObject([{ code: 'entry.unconfirmed', source: 'consent/0', position: 5, leafIndex: seen - 1 }]);
  });

  it('at most a thousand times in words, and counts the rest', async () => {
    const { findings, findingCount } = await verifyRecord(Array.from({ length: 1500 }, () => Buffer.from('x')));
    expect([findings.length, findingCount]).toEqual([1000, 1500]);
  });
});
