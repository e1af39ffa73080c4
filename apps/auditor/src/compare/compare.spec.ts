import { describe, expect, it } from 'vitest';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import type { Batch } from '@tillid/contracts/feed/v1/service';
import { parseVkey } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { logOf, noon, Source, vkey, workingDay } from '../record.spec-kit.js';
import { compare } from './compare.js';
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

async function compared(change: (day: ReturnType<typeof workingDay>) => { services?: SourceService[]; leaves?: readonly Uint8Array[] } = () => ({})) {
  const day = workingDay();
  const { services = day.sources.map(serviceOf), leaves = day.leaves } = change(day);
  const ledger = { where: 'here', files: logOf(leaves), key: parseVkey(vkey), close: () => {} };
  const result = await compare(services, async () => ledger, async () => {});
  return { ...result, codes: result.differences.map(({ code, source, position }) => `${code} ${source}@${position}`) };
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
