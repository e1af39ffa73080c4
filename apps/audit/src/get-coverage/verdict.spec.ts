import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { coverageReasons, gapAfterMs, judgeCoverage, silentAfterMs, unsignedAfterMs, type RecordFacts, type SourceFacts } from './verdict.js';

const nowMs = 1_000_000;
const heard = { signedAtMs: nowMs - 700, heardAtMs: nowMs - 500 };
const well = (source: string): SourceFacts => ({ source, takenInPosition: 7, integratedPosition: 7, headPosition: 7, parkedReason: '', heard });
const allWell: RecordFacts = { nowMs, sources: [well('consent/0'), well('identity/0')], checkpointAtMs: nowMs - 60_000, signingStopped: '', listsAreBehind: false };
const consentIs = (facts: Partial<SourceFacts>): RecordFacts => ({ ...allWell, sources: [{ ...well('consent/0'), ...facts }, well('identity/0')] });
const said = (facts: RecordFacts) => judgeCoverage(facts).mayBeIncomplete;
const ofConsent = (facts: RecordFacts) => judgeCoverage(facts).sources.get('consent/0');

describe('how complete the record is', () => {
  it('is complete as of the head that is oldest, when every source was heard just now', () => {
    const older = heard.signedAtMs - 900;
    const { completeAsOfMs, mayBeIncomplete, sources } = judgeCoverage({ ...allWell, sources: [well('consent/0'), { ...well('identity/0'), heard: { ...heard, signedAtMs: older } }] });
    expect({ completeAsOfMs, mayBeIncomplete }).toEqual({ completeAsOfMs: older, mayBeIncomplete: '' });
    expect([...sources]).toEqual([['consent/0', { completeAsOfMs: heard.signedAtMs, mayBeIncomplete: '' }], ['identity/0', { completeAsOfMs: older, mayBeIncomplete: '' }]]);
  });

  it('cannot be said of a source that was never heard, and so of nothing', () => {
    const facts = consentIs({ heard: undefined, takenInPosition: 0, integratedPosition: 0, headPosition: 0 });
    expect(judgeCoverage(facts)).toMatchObject({ completeAsOfMs: undefined, mayBeIncomplete: 'source.never_heard:consent/0' });
    expect(judgeCoverage(facts).sources.get('identity/0')).toEqual({ completeAsOfMs: heard.signedAtMs, mayBeIncomplete: '' });
  });

  it('stays known until the last head of a source that is silent', () => {
    const last = { signedAtMs: nowMs - 80_000, heardAtMs: nowMs - silentAfterMs - 1 };
    expect(judgeCoverage(consentIs({ heard: last }))).toMatchObject({ completeAsOfMs: last.signedAtMs, mayBeIncomplete: 'source.silent:consent/0' });
    expect(said(consentIs({ heard: { ...last, heardAtMs: nowMs - silentAfterMs } }))).toBe('');
  });

  it('is complete as of the head before, while what the next covers is on its way', () => {
    expect(ofConsent(consentIs({ headPosition: 8 }))).toEqual({ completeAsOfMs: heard.signedAtMs, mayBeIncomplete: '' });
  });

  it('lacks what a source signed and nobody took in', () => {
    const before = { signedAtMs: nowMs - 4000, heardAtMs: nowMs - gapAfterMs - 1 };
    expect(ofConsent(consentIs({ headPosition: 8, heard: before }))).toEqual({ completeAsOfMs: before.signedAtMs, mayBeIncomplete: 'source.gap' });
    expect(ofConsent(consentIs({ headPosition: 8, heard: { ...before, heardAtMs: 0 } }))).toMatchObject({ mayBeIncomplete: 'source.gap' });
  });

  it('names a source that rewrote its past, one that lost its tail, and says where it is the ledger that was changed', () => {
    expect(said(consentIs({ parkedReason: 'source.chain_differs' }))).toBe('source.rewrote_past:consent/0');
    expect(said(consentIs({ parkedReason: 'source.behind_us' }))).toBe('source.lost_its_tail:consent/0');
    expect(said(consentIs({ parkedReason: 'ledger.differs' }))).toBe('ledger.differs:consent/0');
    // Nobody listens to a parked source: that it is silent besides says nothing.
    expect(said(consentIs({ parkedReason: 'event.too_large', heard: { ...heard, heardAtMs: 0 } }))).toBe('source.parked:consent/0');
  });

  it('is not whole under the signed tree while entries wait longer than they should, however old the checkpoint is by right', () => {
    const waiting = (oldestUnsignedMs: number, checkpointAtMs: number) => ({ ...consentIs({ integratedPosition: 6 }), oldestUnsignedMs, checkpointAtMs });
    expect(said(waiting(nowMs - unsignedAfterMs, 0))).toBe('');
    expect(said(waiting(nowMs - unsignedAfterMs - 1, nowMs - unsignedAfterMs))).toBe('');
    const tooOld = waiting(nowMs - unsignedAfterMs - 1, nowMs - 3_600_000);
    expect(said(tooOld)).toBe('log.checkpoint_old');
    expect([...judgeCoverage(tooOld).sources.values()].map(({ mayBeIncomplete }) => mayBeIncomplete)).toEqual(['log.checkpoint_old', '']);
    expect(said(waiting(nowMs + 3_600_000, nowMs - unsignedAfterMs - 1))).toBe('log.checkpoint_old');
    expect(said({ ...allWell, checkpointAtMs: 0 })).toBe('');
  });

  it('says why nothing is signed any more, in the words of the signer', () => {
    expect(said({ ...allWell, signingStopped: 'log.ledger_differs' })).toBe('log.ledger_differs');
  });

  it('is not in lists that are behind the ledger, whatever the ledger has', () => {
    expect(judgeCoverage({ ...allWell, listsAreBehind: true })).toMatchObject({ completeAsOfMs: undefined, mayBeIncomplete: 'lists.behind' });
  });

  it('names everything that is wrong at once', () => {
    const facts: RecordFacts = { ...allWell, sources: [{ ...well('consent/0'), parkedReason: 'source.chain_differs' }, { ...well('identity/0'), heard: undefined }], signingStopped: 'log.fault', listsAreBehind: true };
    expect(said(facts).split(' ')).toEqual(['source.rewrote_past:consent/0', 'source.never_heard:identity/0', 'log.fault', 'lists.behind']);
  });

  it('has each reason in the README, in the same words', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    for (const [code, meaning] of Object.entries(coverageReasons)) expect(readme).toContain(`| \`${code}\` | ${meaning} |`);
  });
});
