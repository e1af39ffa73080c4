import { describe, expect, it } from 'vitest';
import type { Commit } from '@tillid/eventsourcing';
import { commitOf, commitTo } from '@tillid/testing';
import { keysToLookUp, PlannedBatch, refusal } from './planned-batch.js';
import { StoredFacts } from './stored-facts.js';

function facts(stored: { readonly s?: readonly string[]; readonly u?: readonly string[]; readonly r?: readonly string[] }): StoredFacts {
  const known = new StoredFacts();
  known.learn({ s: stored.s ?? [], ...(stored.u && { u: stored.u }), ...(stored.r && { r: stored.r }) });
  return known;
}
const at = (name: string, number: number): string => `${name}@${String(number).padStart(16, '0')}`;
const held = (name: string, number: number): string => `${name}#${String(number).padStart(16, '0')}`;

/** What becomes of commits planned one after the other. */
function plan(view: PlannedBatch, ...commits: readonly Commit[]) {
  return commits.map((commit) => refusal(commit, view) ?? view.add(commit));
}

describe('commits planned for one insert', () => {
  it('count on those before them', () => {
    const view = new PlannedBatch(facts({ s: [at('a', 3)] }));
    expect(plan(view, commitTo('a', 3, ['4', '5']), commitTo('a', 5, ['6']), commitTo('a', 4, ['x']))).toEqual([[], [], { kind: 'conflict', stream: 'a', actualRevision: 6 }]);
  });
  it('take the next generation of what was released, before or within the insert', () => {
    const view = new PlannedBatch(facts({ u: [held('v', 1)], r: [held('v', 1)] }));
    const release = commitTo('b', 0, ['1'], { release: [{ value: 'v', generation: 2 }] });
    expect(plan(view, commitTo('a', 0, ['1'], { reserve: ['v'] }), release, commitTo('c', 0, ['1'], { reserve: ['v', 'w'] }))).toEqual([[2], [], [3, 1]]);
  });
  it('are held back by what is held, and by what is not', () => {
    const view = new PlannedBatch(facts({ u: [held('v', 2)] }));
    expect(plan(view, commitTo('a', 0, ['1'], { reserve: ['v'] }))).toEqual([{ kind: 'reserved', value: 'v' }]);
    for (const generation of [1, 3]) {
      expect(plan(view, commitTo('a', 0, ['1'], { release: [{ value: 'v', generation }] }))).toEqual([{ kind: 'not_held', value: 'v', generation }]);
    }
  });
  it('leave what is stored as it was', () => {
    const stored = facts({ s: [at('a', 1)] });
    plan(new PlannedBatch(stored), commitTo('a', 1, ['2'], { reserve: ['v'] }));
    expect([stored.revision('a'), stored.holding('v')]).toEqual([1, undefined]);
  });
});

describe('what has to be looked up before an insert', () => {
  it('is the revision a commit builds on and the generation it ends, unless known or about to be written', () => {
    const known = facts({ s: [at('known', 7)], u: [held('known', 2)] });
    const commits = [
      commitOf([{ stream: 'known', expectedRevision: 7, events: ['x'] }, { stream: 'new', expectedRevision: 0, events: ['x'] }, { stream: 'unknown', expectedRevision: 2, events: ['x'] }]),
      commitTo('unknown', 3, ['x'], { reserve: ['taken here'], release: [{ value: 'known', generation: 2 }, { value: 'unknown', generation: 4 }] }),
      commitTo('known', 9, ['x'], { release: [{ value: 'taken here', generation: 1 }] }),
    ];
    expect(keysToLookUp(commits, known)).toEqual({ s: [at('unknown', 2)], u: [held('unknown', 4)] });
  });
});

describe('what is known to be stored', () => {
  it('only grows, in whatever order it is learned', () => {
    const known = facts({ s: [at('a', 5), at('a', 3)], u: [held('v', 2), held('v', 1)], r: [held('v', 1)] });
    expect([known.revision('a'), known.holding('v')]).toEqual([5, { generation: 2, released: false }]);
    known.learn({ s: [], r: [held('v', 2)] });
    known.learn({ s: [], u: [held('v', 2)] });
    expect(known.holding('v')).toEqual({ generation: 2, released: true });
  });
});
