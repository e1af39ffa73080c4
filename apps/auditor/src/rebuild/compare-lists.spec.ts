import { describe, expect, it } from 'vitest';
import { CouldNotLook } from '../could-not-look.js';
import { compareLists, explained, type List } from './compare-lists.js';
import { driftMetrics } from './drift-metrics.js';

const list = (changes: Partial<List> = {}): List => ({ name: 'consents', version: 1, digest: 'aa', documents: 3, source: 'consent/0', position: 40, ...changes });

describe('a list built again, against the one the service has', () => {
  it('is the same with the same documents at the same position', () => {
    expect(compareLists('consent', [list()], [list()])).toMatchObject([{ service: 'consent', name: 'consents', verdict: 'same' }]);
  });
  it('differs with other documents there, and says both', () => {
    const [found] = compareLists('consent', [list()], [list({ digest: 'bb', documents: 2 })]);
    expect(found!.verdict).toBe('list.differs');
    expect(explained(found!)).toBe('consent consents@1  at consent/0@40 the service has 2 documents, bb; the ledger gives 3, aa');
  });
  it('is ahead where the service took in what the ledger does not have', () => {
    const [found] = compareLists('consent', [list({ position: 38 })], [list()]);
    expect(explained(found!)).toBe('consent consents@1  the service has taken in consent/0@40; the ledger has 38 events of it');
  });
  it('is ahead where the service went on after what its program cannot apply', () => {
    const [found] = compareLists('consent', [{ ...list({ position: 38 }), stopped: { position: 39, reason: 'event.cannot_be_applied' } }], [list()]);
    expect([found!.verdict, explained(found!)]).toEqual(['list.ahead', 'consent consents@1  the service has taken in consent/0@40; event.cannot_be_applied at 39']);
  });
  it('says nothing when the program keeps other lists than the service: it is not the one that runs', () => {
    for (const live of [[], [list({ version: 2 })], [list({ name: 'shares' })], [list(), list({ name: 'shares' })], [list({ source: 'identity/0' })]]) {
      expect(() => compareLists('consent', [list()], live)).toThrow(CouldNotLook);
    }
  });
});

describe('drift as a metric', () => {
  it('is 0 for a list that is the same, 1 for one that is not, with when it was looked at', () => {
    const lists = compareLists('consent', [list(), list({ name: 'clients', position: 9 })], [list(), list({ name: 'clients' })]);
    expect(driftMetrics(lists, 1_795_578_991_400)).toBe(`# TYPE tillid_read_model_drift gauge
tillid_read_model_drift{tillid_service="consent",tillid_consumer="consents"} 0
tillid_read_model_drift{tillid_service="consent",tillid_consumer="clients"} 1
# TYPE tillid_read_model_checked gauge
tillid_read_model_checked 1795578991
`);
  });
});
