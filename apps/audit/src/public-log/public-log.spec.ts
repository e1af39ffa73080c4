import { describe, expect, it } from 'vitest';
import { publicLogRoutes } from './public-log.routes.js';

/** What a route gives out of anyone; the entries themselves are read by auditors, and that is an event (EntriesRead), as in libs/service, recorded-reads.spec.ts. */
const routes: Readonly<Record<string, 'hashes only' | 'names logs, nobody' | 'EntriesRead'>> = {
  '/checkpoint': 'hashes only',
  '/cosigned-checkpoint': 'hashes only',
  '/continued': 'names logs, nobody',
  '/key/*': 'names logs, nobody',
  '/tile/*': 'hashes only',
  '/tile/entries/*': 'EntriesRead',
};

describe('the routes of the log', () => {
  it('are each known for what they give out, and give entries to nobody unseen', () => {
    const all = publicLogRoutes({} as never);
    expect(all.map(({ path }) => path).toSorted()).toEqual(Object.keys(routes).toSorted());
    expect(all.filter(({ access }) => access !== 'public').map(({ path }) => path)).toEqual(Object.entries(routes).filter(([, gives]) => gives === 'EntriesRead').map(([path]) => path));
  });
});
