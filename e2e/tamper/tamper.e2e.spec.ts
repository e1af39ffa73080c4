import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '@tillid/runtime';
import { FeedController, sqliteStores, type Call } from '@tillid/service';
import { ProgressBook } from '@tillid/eventsourcing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout } from '../support/system.js';
import { byBroker } from './by-broker.js';
import { byComparing } from './by-comparing.js';
import { byDatabase } from './by-database.js';
import { byLogKey, replacedAsItShouldBe } from './by-log-key.js';
import { byContinuation, continued } from './by-continuation.js';
import { byOperator, lookedAtAgain, nextHeadsSeen } from './by-operator.js';
import { byOwnLog, shown } from './by-own-log.js';
import { byReceipt, handed } from './by-receipt.js';
import { bySource, told, written } from './by-source.js';
import { byStore } from './by-store.js';
import { byThief } from './by-thief.js';
import { byWitness, handedOver, watched } from './by-witness.js';
import { evening, Installation, sourceNames } from './installation.js';
import { kinds, type Act } from './kinds.js';
import { inTheDatabase } from './lists.js';

const acts: Readonly<Record<string, Act>> = { ...byOperator, ...byLogKey, ...byReceipt, ...byOwnLog, ...bySource, ...byBroker, ...byStore, ...byThief, ...byComparing, ...byContinuation, ...byWitness, ...byDatabase };
let installation: Installation;

beforeAll(async () => void (installation = await Installation.run()));
afterAll(() => installation.remove());

describe('an installation that nobody has touched', () => {
  it('is found to be whole by everyone who looks', async () => {
    const copy = installation.copy();
    expect(await copy.verify()).toEqual([]);
    expect(await copy.verifyWithState(3_600_000)).toEqual([]);
    expect(await copy.compare()).toEqual([]);
    expect(await copy.replay()).toEqual([]);
    expect(await copy.startAudit()).toEqual([]);
    copy.remove();
  });

  // Each way of tampering, without the tampering: what the rows below find is not there before.
  it.each<[string, Act, string[]]>([
    ['a log signed anew, entry by entry the same', written((event) => event), []],
    ['one that grew since somebody looked', async (copy) => lookedAtAgain(copy, installation.leaves, [nextHeadsSeen(installation)]), []],
    ['the next event of a source, from itself', told(({ batch, next }) => [batch([next()])]), ['nothing is missing']],
    ['a log whose key was replaced as it should be', replacedAsItShouldBe, []],
    ['a receipt', handed((receipt) => receipt), []],
    ["a citizen's copy of her log", shown((lines) => lines), []],
    ['a log that its witnesses have seen', watched, ['holds']],
    ['a cosigned receipt', handedOver((receipt) => receipt), []],
    ...serviceNames.flatMap((service) => [false, true].map((beforeTheLast): [string, Act, string[]] => [`the lists of ${service}${beforeTheLast ? ', which took the last events in by itself' : ''}`, inTheDatabase({ service, list: 'none', beforeTheLast, sql: [] }), []])),
    ['a log that continues one that was lost, by whoever never saw that one', continued({ keptAt: 'nothing' }), []],
  ])('nor is anything found in %s', async (_, act, found) => {
    const copy = installation.copy();
    expect(await act(copy)).toEqual(found);
    copy.remove();
  });

  it('is so by the feeds that its services really have', async () => {
    const copy = installation.copy();
    const leaving = new AbortController();
    const opened = await Promise.all(sourceNames.map(async (source) => ({ source, key: installation.keys.get(source)!, store: await sqliteStores(join(copy.folder, source.split('/')[0]!)).eventStore('log') })));
    const feeds = opened.map(({ source, key, store }) => {
      const signer = { sign: async (position: number, chain: Uint8Array, timeMs = evening) => key.sign({ source, position, chain, timeMs }), publicKeyAt: async () => key.publicKey };
      const feed = new FeedController({ source, store, signer, progress: new ProgressBook(), clock: { nowMs: () => evening } });
      return { source, getHead: () => feed.getHead({ source }), subscribe: () => feed.subscribe({ source, afterPosition: 0 }, { signal: leaving.signal } as Call) };
    });
    expect(await copy.compare(feeds as never)).toEqual([]);
    leaving.abort();
    for (const { store } of opened) await store.close();
    copy.remove();
  });
});

describe('whoever tampers with it is found', () => {
  it.each(kinds.map((kind) => [`${kind.id} ${kind.who} ${kind.what}`, kind] as const))('%s', async (_, { id, says }) => {
    const copy = installation.copy();
    const found = await acts[id]!(copy);
    expect(found).toContain(says);
    expect(found).not.toContain("not the source's own");
    copy.remove();
  });
});

describe('docs/trust.md', () => {
  it('has a row for every kind that is tried here, and a try for every row', () => {
    const ids = kinds.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(acts).toSorted()).toEqual(ids.toSorted());
    expect(ids.length).toBeGreaterThanOrEqual(40);
    const rows = [...readFileSync(join(checkout, 'docs/trust.md'), 'utf8').matchAll(/^\| ([A-Z]\d\d) \|/gm)].map(([, id]) => id!);
    expect(rows.toSorted()).toEqual(ids.toSorted());
  });
});
