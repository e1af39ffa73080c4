import { describe, expect, it } from 'vitest';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import type { Batch } from '@tillid/contracts/feed/v1/service';
import { verifySignedHead } from '@tillid/eventsourcing';
import { parseVkey } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { logOf, noon, Source, vkey, workingDay } from '../record.spec-kit.js';
import { asJson } from '../results.js';
import { compare } from './compare.js';
import { comparisonText } from './comparison-text.js';
import type { Difference } from './difference.js';
import { keptText, parseKept, type Kept } from './kept-heads.js';
import type { SourceService } from './source-feed.js';

async function* failing(): AsyncGenerator<Batch> {
  yield await Promise.reject<Batch>(new Error('down'));
}

/** A source's feed as the service gives it: batches of 50, then a head a second, here at once. */
function serviceOf(source: Source): SourceService {
  return {
    source: source.source,
    getHead: async () => ({ head: source.head(1), publicKey: source.publicKey, following: [] }),
    async *subscribe(): AsyncGenerator<Batch> {
      for (let sent = 0; ; ) {
        const events = source.events.slice(sent, sent + 50);
        sent += events.length;
        yield { firstPosition: events.length === 0 ? 0 : sent - events.length + 1, events, head: source.head(1, sent) };
      }
    },
  };
}

interface Changed {
  readonly services?: SourceService[];
  readonly leaves?: readonly Uint8Array[];
  readonly kept?: Kept | undefined;
}

async function compared(change: (day: ReturnType<typeof workingDay>) => Changed = () => ({}), day = workingDay()) {
  const { services = day.sources.map(serviceOf), leaves = day.leaves, kept } = change(day);
  const ledger = { where: 'here', files: logOf(leaves), key: parseVkey(vkey), close: () => {} };
  const result = await compare(services, async () => ledger, async () => {}, { kept: kept && { ...parseKept(keptText(kept)), ageMs: 0 } });
  return {
    ...result,
    codes: result.differences.map(({ code, source, position }) => `${code} ${source}@${position}`),
    told: result.differences.map(({ code, source, position, changed, because }) => [`${code} ${source}@${position}`, changed, ...because]),
  };
}

describe('the ledger against its sources', () => {
  it('holds when every source gives the same bytes', async () => {
    const { holds, sources } = await compared();
    expect(holds).toBe(true);
    expect(sources.map(({ source, sameEntries }) => [source, sameEntries])).toEqual([['consent/0', 401], ['identity/0', 201], ['audit/0', 7]]);
  });
  it('holds when a source has gone on since', async () => {
    const { holds } = await compared((day) => {
      const services = day.sources.map(serviceOf);
      const head = day.sources[0].head(1);
      const stale: SourceService = { ...services[0]!, getHead: async () => ({ head, publicKey: day.sources[0].publicKey, following: [] }) };
      day.sources[0].write('late', 'tillid.spec.v1.SomethingHappened', Buffer.from('late'));
      return { services: [stale, ...services.slice(1)] };
    });
    expect(holds).toBe(true);
  });
  it('holds when sources have changed their keys, before and since', async () => {
    const { holds } = await compared((day) => {
      const [consent, identity, audit] = day.sources;
      day.leaves.push(consent.announceKey(), consent.write('thing-1', 'tillid.spec.v1.SomethingHappened', Buffer.from('under the new key')));
      const heads = [consent, identity, audit].map((source) => source.head(noon + 10_000));
      day.leaves.push(audit.write('heads-seen', 'tillid.audit.v1.HeadsSeen', HeadsSeen.encode({ timeMs: noon + 10_000, heads }).finish()));
      const services = day.sources.map(serviceOf);
      const earlier: SourceService = { ...services[1]!, getHead: async () => ({ head: heads[1], publicKey: identityKey, following: [] }) };
      const identityKey = identity.publicKey;
      identity.announceKey();
      return { services: [services[0]!, earlier, services[2]!] };
    });
    expect(holds).toBe(true);
  });
  it('finds where a source tells another story', async () => {
    const { codes } = await compared((day) => {
      const other = new Source('consent/0');
      Object.assign(other, { publicKey: day.sources[0].publicKey });
      return { services: [serviceOf(other), ...day.sources.slice(1).map(serviceOf)] };
    });
    expect(codes).toEqual(['entry.differs consent/0@1']);
  });
  it('finds one event that differs, signed by the source as it may be', async () => {
    const { codes } = await compared((day) => {
      day.sources[1].events[100] = Buffer.concat([day.sources[1].events[100]!, Buffer.from([0x90, 0x03, 0x01])]);
      return {};
    });
    expect(codes).toEqual(['entry.differs identity/0@101']);
  });
  it('finds a source that has lost its tail', async () => {
    const { codes } = await compared((day) => {
      day.sources[1].events.splice(150);
      return {};
    });
    expect(codes).toEqual(['source.shorter identity/0@151']);
  });
  it('finds what a source had and the ledger has not: an act without its record', async () => {
    const { codes } = await compared((day) => {
      day.sources[0].write('late', 'tillid.spec.v1.SomethingHappened', Buffer.from('late'));
      return {};
    });
    expect(codes).toEqual(['ledger.shorter consent/0@402']);
  });
  it('finds a source that signs with another key than it announced', async () => {
    const { codes } = await compared((day) => {
      const impostor = new Source('identity/0');
      impostor.events.splice(0, 1, ...day.sources[1].events);
      return { services: [serviceOf(day.sources[0]), serviceOf(impostor), serviceOf(day.sources[2])] };
    });
    expect(codes).toEqual(['source.broken identity/0@1', 'key.differs identity/0@1']);
  });
  it('finds entries of a source nobody runs', async () => {
    const { codes } = await compared((day) => ({ services: day.sources.slice(0, 2).map(serviceOf) }));
    expect(codes).toEqual(['source.unknown audit/0@1']);
  });
  it('finds a batch with a gap, and one whose head does not cover it', async () => {
    for (const spoil of [(batch: Batch) => ({ ...batch, firstPosition: batch.firstPosition + 1 }), (batch: Batch) => ({ ...batch, events: batch.events.slice(1) })]) {
      const { codes } = await compared((day) => {
        const service = serviceOf(day.sources[0]);
        const spoiled: SourceService = {
          ...service,
          async *subscribe() {
            for await (const batch of service.subscribe()) yield spoil(batch);
          },
        };
        return { services: [spoiled, ...day.sources.slice(1).map(serviceOf)] };
      });
      expect(codes).toEqual(['source.broken consent/0@1']);
    }
  });
  it('could not look where a source does not answer', async () => {
    const silent = (day: ReturnType<typeof workingDay>): SourceService => ({ ...serviceOf(day.sources[0]), getHead: () => Promise.reject(new Error('down')) });
    await expect(compared((day) => ({ services: [silent(day)] }))).rejects.toThrow(CouldNotLook);
    const breaking = (day: ReturnType<typeof workingDay>): SourceService => ({ ...serviceOf(day.sources[0]), subscribe: () => failing() });
    await expect(compared((day) => ({ services: [breaking(day), ...day.sources.slice(1).map(serviceOf)] }))).rejects.toThrow(CouldNotLook);
  });
});

/** The same event, with a field that nobody knows. */
const otherBytes = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from([0x90, 0x03, 0x01])]);

describe('who must have changed it', () => {
  it('is the service, when it rewrites what it had signed: two heads of its own prove it', async () => {
    const { told, differences } = await compared((day) => {
      day.sources[1].events[100] = otherBytes(day.sources[1].events[100]!);
      return {};
    });
    expect(told).toEqual([['entry.differs identity/0@101', 'service', 'source.signed_otherwise']]);
    const [{ inTree, inSource, heads }] = differences as [Difference];
    expect(inTree).not.toEqual(inSource);
    const [recorded, now] = [heads.find(({ from }) => from === 'log')!, heads.find(({ from }) => from === 'now')!];
    expect([recorded.fitsTree, recorded.fitsSource, now.fitsTree, now.fitsSource]).toEqual([true, false, false, true]);
    for (const { head, publicKey } of [recorded, now]) expect(verifySignedHead(head, publicKey)).toBe(true);
  });

  it('is printed with what proves it: the position, both hashes, the heads whole', async () => {
    const { keep: _, ...comparison } = await compared((day) => {
      day.sources[1].events[100] = otherBytes(day.sources[1].events[100]!);
      return {};
    });
    const { inTree, inSource, heads } = comparison.differences[0]!;
    const text = comparisonText(comparison);
    for (const part of ['entry.differs  identity/0@101', 'changed by: the service', 'source.signed_otherwise', 'recorded in the log: fits the tree, does not fit what the source gives', 'shown now: does not fit the tree, fits what the source gives']) expect(text).toContain(part);
    for (const bytes of [inTree!, inSource!, ...heads.flatMap(({ head, publicKey }) => [head.chain, head.signature, publicKey])]) expect(text).toContain(Buffer.from(bytes).toString('base64'));
    expect(JSON.parse(asJson(comparison)).differences[0].heads[0].head.signature).toBe(heads[0]!.head.signature.toString('base64'));
  });

  it('is the service, when it lost what it had signed', async () => {
    const { told } = await compared((day) => {
      day.sources[1].events.splice(150);
      return {};
    });
    expect(told).toEqual([['source.shorter identity/0@151', 'service', 'source.signed_otherwise']]);
  });

  it('is audit, when the tree is not what the heads in it cover', async () => {
    const { told } = await compared(({ leaves, sources }) => ({ leaves: leaves.map((leaf) => (leaf === sources[1].events[100] ? otherBytes(leaf) : leaf)) }));
    expect(told).toEqual([['entry.differs identity/0@101', 'audit', 'tree.differs_from_recorded_head']]);
  });

  it('is audit, when it invents an entry among those of a source', async () => {
    const { told } = await compared(({ leaves, sources }) => ({ leaves: leaves.flatMap((leaf) => (leaf === sources[1].events[100] ? [otherBytes(leaf), leaf] : [leaf])) }));
    expect(told).toEqual([['entry.differs identity/0@101', 'audit', 'tree.differs_from_recorded_head']]);
  });

  it('is both, when neither is what was signed', async () => {
    const { told } = await compared(({ leaves, sources }) => {
      const identity = sources[1];
      const changed = leaves.map((leaf) => (leaf === identity.events[100] ? otherBytes(leaf) : leaf));
      identity.events[100] = otherBytes(otherBytes(identity.events[100]!));
      return { leaves: changed };
    });
    expect(told).toEqual([['entry.differs identity/0@101', 'both', 'source.signed_otherwise', 'tree.differs_from_recorded_head']]);
  });

  it('is audit, when it records a head of entries that it leaves out', async () => {
    const { told } = await compared(({ leaves, sources }) => ({ leaves: leaves.filter((leaf) => sources[1].events.indexOf(leaf as Buffer) < 150) }));
    expect(told).toEqual([['ledger.shorter identity/0@151', 'audit', 'tree.differs_from_recorded_head']]);
  });

  it('cannot be told of the last second, that no head in the log covers', async () => {
    const { told } = await compared((day) => {
      const [consent] = day.sources;
      const invented = otherBytes(consent.events[3]!);
      consent.write('late', 'tillid.spec.v1.SomethingHappened', Buffer.from('late'));
      return { leaves: [...day.leaves, invented] };
    });
    expect(told).toEqual([['entry.differs consent/0@402', 'cannot_be_told', 'unknown.no_head_covers']]);
    const missing = await compared((day) => {
      day.sources[0].write('late', 'tillid.spec.v1.SomethingHappened', Buffer.from('late'));
      return {};
    });
    expect(missing.told).toEqual([['ledger.shorter consent/0@402', 'cannot_be_told', 'unknown.not_taken_in']]);
  });

  it('is the service, where its store was changed and its heads were not: at the very event', async () => {
    const { told } = await compared((day) => {
      const honest = serviceOf(day.sources[0]);
      const changed: SourceService = {
        ...honest,
        async *subscribe() {
          for await (const batch of honest.subscribe()) yield { ...batch, events: batch.events.map((event) => (event === day.sources[0].events[60] ? otherBytes(event) : event)) };
        },
      };
      return { services: [changed, ...day.sources.slice(1).map(serviceOf)] };
    });
    expect(told).toEqual([['source.broken consent/0@61', 'service', 'source.signed_otherwise', 'source.feed_not_signed']]);
  });

  it('is the service, when the head it shows is not that of its feed', async () => {
    const { told } = await compared((day) => {
      const { publicKey } = day.sources[0];
      const another = { ...day.sources[0].head(1), position: 300 };
      return { services: [{ ...serviceOf(day.sources[0]), getHead: async () => ({ head: another, publicKey, following: [] }) }, ...day.sources.slice(1).map(serviceOf)] };
    });
    expect(told).toEqual([['source.broken consent/0@300', 'service', 'source.feed_not_signed']]);
  });

  it('cannot be told when the two begin with different keys: then somebody must have kept one', async () => {
    const forged = workingDay();
    const otherLog = (day: ReturnType<typeof workingDay>) => ({ services: day.sources.map(serviceOf), leaves: forged.leaves });
    const { told } = await compared(otherLog);
    expect(told.map((line) => line.slice(1))).toEqual(Array.from({ length: 6 }, () => ['cannot_be_told', 'unknown.two_first_keys']));
    const day = workingDay();
    const { keep } = await compared(() => ({}), day);
    const again = await compared((same) => ({ ...otherLog(same), kept: keep }), day);
    expect(again.log.findings.map(({ code }) => code)).toContain('checkpoint.forked');
    for (const [, changed, ...because] of again.told) expect([changed, because.includes('tree.key_not_kept')]).toEqual(['audit', true]);
  });
});

describe('what was kept when it last held', () => {
  it('is kept only when it holds, and holds on when all has grown', async () => {
    const day = workingDay();
    const { keep } = await compared(() => ({}), day);
    expect(keep!.sources.map(({ source, head }) => [source, head.position])).toEqual([['consent/0', 401], ['identity/0', 201], ['audit/0', 7]]);
    const grown = await compared((same) => {
      same.leaves.push(same.sources[0].write('more', 'tillid.spec.v1.SomethingHappened', Buffer.from('more')));
      return { kept: keep };
    }, day);
    expect([grown.holds, grown.keep!.sources[0]!.head.position]).toEqual([true, 402]);
    expect((await compared((same) => ({ kept: keep, leaves: same.leaves.slice(0, -1) }), day)).keep).toBeUndefined();
  });

  it('proves a past that the source and audit rewrote together', async () => {
    const day = workingDay();
    const { keep } = await compared(() => ({}), day);
    const { told, differences } = await compared((same) => rewriteTogether(same, keep), day);
    const both = ['both', 'source.signed_otherwise', 'tree.differs_from_kept_head'];
    // Audit's own log too: it recorded other heads.
    expect(told).toEqual([['source.rewritten identity/0@201', ...both], ['source.rewritten audit/0@7', ...both, 'tree.forked']]);
    expect(differences[0]!.heads.map(({ from, fitsSource }) => [from, fitsSource])).toEqual([['kept', false], ['now', true], ['log', true]]);
  });

  it('proves what audit changed where it recorded no head', async () => {
    const day = workingDay();
    day.leaves.splice(0, day.leaves.length, ...day.leaves.filter((leaf) => !day.sources[2].events.slice(1).includes(leaf)));
    const [consent, identity, audit] = day.sources;
    audit.events.splice(1);
    const { keep, holds } = await compared(() => ({}), day);
    expect(holds).toBe(true);
    const changed = day.leaves.map((leaf) => (leaf === identity.events[100] ? otherBytes(leaf) : leaf));
    expect((await compared(() => ({ leaves: changed }), day)).told).toEqual([['entry.differs identity/0@101', 'cannot_be_told', 'unknown.no_head_covers']]);
    const { told } = await compared(() => ({ leaves: changed, kept: keep }), day);
    expect(told).toEqual([['entry.differs identity/0@101', 'audit', 'tree.differs_from_kept_head', 'tree.forked']]);
    consent.events.splice(390);
    expect((await compared(() => ({ kept: keep }), day)).told).toEqual([['source.shorter consent/0@391', 'service', 'source.signed_otherwise']]);
  });

  it('proves that both have less than there was', async () => {
    const day = workingDay();
    const { keep } = await compared(() => ({}), day);
    const gone = new Set(day.sources[0].events.splice(390));
    const { told } = await compared((same) => ({ kept: keep, leaves: same.leaves.filter((leaf) => !gone.has(leaf)) }), day);
    expect(told[0]).toEqual(['source.shorter consent/0@391', 'both', 'source.signed_otherwise', 'tree.differs_from_recorded_head', 'tree.differs_from_kept_head', 'tree.forked']);
  });

  it('is refused when it is no such thing, or a head in it is not signed', async () => {
    const { keep } = await compared();
    const forged = { ...keep!, sources: keep!.sources.map((each) => ({ ...each, head: { ...each.head, position: each.head.position + 1 } })) };
    for (const text of ['', '{}', keep!.checkpoint, keptText(forged)]) expect(() => parseKept(text)).toThrow(CouldNotLook);
    const anotherLogs = { ...keep!, checkpoint: keep!.checkpoint.replace('example', 'somewhere') };
    await expect(compared(() => ({ kept: anotherLogs }))).rejects.toThrow(CouldNotLook);
  });
});

/** An event of identity's is another everywhere: in its log, in the tree, under every head. */
function rewriteTogether(day: ReturnType<typeof workingDay>, kept: Kept | undefined): Changed {
  const [, identity, audit] = day.sources;
  const before = identity.events[100]!;
  identity.events[100] = otherBytes(before);
  const leaves = day.leaves.map((leaf) => (leaf === before ? identity.events[100]! : leaf)).map((leaf) => {
    const at = audit.events.indexOf(leaf);
    if (at < 1) return leaf;
    const event = Event.decode(leaf);
    const { timeMs, heads } = HeadsSeen.decode(event.data);
    const signed = heads.map((head) => day.sources.find(({ source }) => source === head.source)!.head(head.timeMs, head.position));
    return (audit.events[at] = Buffer.from(Event.encode({ ...event, data: Buffer.from(HeadsSeen.encode({ timeMs, heads: signed }).finish()) }).finish()));
  });
  return { leaves, kept };
}
