import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ClientRegistered } from '@tillid/contracts/authentication/v1/events';
import { ActorKind, Event, Result } from '@tillid/contracts/event/v1/event';
import { describe, expect, it } from 'vitest';
import { AccessReport } from './access-report.js';
import { reportPage, type ReportHead } from './report-page.js';
import { Tally } from './tally.js';

const head: ReportHead = { origin: 'log.example/one', size: 5, root: 'cm9vdA==', holds: true, findings: [] };
const noon = Date.parse('2026-11-25T12:30:00Z');
const ofType = (type: string, fields: Partial<Event> = {}, atMs = noon) => Event.fromPartial({ type, occurredAt: new Date(atMs), outcome: { result: Result.OK, reason: '' }, ...fields });
const registered = (clientId: string, name: string) => ofType('tillid.authentication.v1.ClientRegistered', { data: Buffer.from(ClientRegistered.encode(ClientRegistered.fromPartial({ clientId, name })).finish()) });
const loggedIn = (clientId: string, atMs = noon) => ofType('tillid.authentication.v1.SignInCompleted', { clientId }, atMs);
const shared = (clientId: string, basis: string, purpose = 'https://w3id.org/dpv#ServiceProvision') => ofType('tillid.consent.v1.ShareAuthorized', { clientId, authority: { basis, purpose } });
const seen = (timeMs: number, position: number) => ofType('tillid.audit.v1.HeadsSeen', { data: Buffer.from(HeadsSeen.encode(HeadsSeen.fromPartial({ timeMs, heads: [{ source: 'consent/0', position }] })).finish()) }, timeMs);

function reportOf(events: readonly Event[], range = {}): AccessReport {
  const report = new AccessReport(range);
  events.forEach((event, leafIndex) => report.entry({ event, leafIndex }));
  return report;
}
const pageOf = (events: readonly Event[], more: Partial<ReportHead> = {}) => reportPage(reportOf(events), { ...head, ...more });

describe('the report an auditor asks for', () => {
  it('counts log-ins by service and hour, under the name the service registered', () => {
    const report = reportOf([registered('bank', 'Fjordbanken'), loggedIn('bank'), loggedIn('bank', noon + 3_600_000), loggedIn('kommune')]);
    expect(report.logIns.get('bank')![12]).toBe(1);
    expect(report.logIns.get('bank')![13]).toBe(1);
    expect(reportPage(report, head)).toContain('Fjordbanken (bank)');
  });

  it('tells what rests on consent from what rests on law, and shows loudly what rests on nothing', () => {
    const page = pageOf([shared('bank', 'c0ffee'), shared('kommune', 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e'), shared('snoop', '')]);
    expect(page).toContain('2 of 3 accesses rest on something else');
    expect(page).toMatch(/role="alert"[^]*<strong>1<\/strong> accesses name neither/);
    expect(page).toMatch(/<td class="count">2<\/td><td>tillid.consent.v1.ShareAuthorized<\/td><td>snoop<\/td>/);
    expect(pageOf([shared('bank', 'c0ffee')])).toContain('None: each access names a consent or a legal basis');
  });

  it('counts who read most, what for, and why shares were refused; a refused access is none', () => {
    const official = ofType('tillid.identity.v1.CitizenRead', { actor: { kind: ActorKind.OFFICIAL, id: 'official-1', onBehalfOf: '' }, authority: { basis: 'https://law', purpose: 'care' } });
    const refused = ofType('tillid.consent.v1.ShareRefused', { clientId: 'bank', outcome: { result: Result.REFUSED, reason: 'consent.withdrawn' } });
    const report = reportOf([official, official, shared('bank', 'c'), refused, { ...shared('bank', 'c'), outcome: { result: Result.REFUSED, reason: 'x' } }]);
    expect(report.byReader.rows(5)).toEqual([['official-1', 2], ['bank', 1]]);
    expect(report.refusedShares.rows(5)).toEqual([['consent.withdrawn', 1]]);
    expect(report.byPurpose.rows(5)[0]).toEqual(['care', 2]);
  });

  it('keeps to the range asked for', () => {
    const { entries } = reportOf([loggedIn('bank', noon - 1), loggedIn('bank'), loggedIn('bank', noon + 1)], { fromMs: noon, untilMs: noon + 1 });
    expect(entries).toBe(1);
  });

  it('shows what audit had seen over time, and how long it recorded nothing', () => {
    const report = reportOf([seen(noon, 1), seen(noon + 1000, 5), seen(noon + 61_000, 6)]);
    expect(report.longestSilence).toEqual({ fromMs: noon + 1000, toMs: noon + 61_000 });
    const page = reportPage(report, head);
    expect(page).toContain('<polyline points="0.0,150.0 11.8,30.0 720.0,0.0"/>');
    expect(page).toContain('60 s');
    expect(pageOf([loggedIn('bank')])).toContain('no record of what audit saw');
  });

  it('stays small, whatever the log says', () => {
    const report = new AccessReport();
    for (let index = 0; index < 12_000; index += 1) {
      report.entry({ event: loggedIn(`client-${index}`), leafIndex: index });
      report.entry({ event: seen(noon + index, index), leafIndex: index });
    }
    expect(report.logIns.size).toBe(10_000);
    expect(report.logInsOfOthers).toBe(2_000);
    expect(report.moments.length).toBeLessThanOrEqual(401);
    expect(report.moments[0]!.timeMs).toBe(noon);
    expect(reportPage(report, head).length).toBeLessThan(200_000);
    const tally = new Tally(2);
    for (const name of ['a', 'b', 'c', 'd']) tally.add(name);
    expect([tally.rows(1), tally.total]).toEqual([[['a', 1], ['all others', 3]], 4]);
  });

  it('is one file that asks nothing of any network and runs nothing, also when a name would have it otherwise', () => {
    const nasty = `</td><script>alert(1)</script>" onload='x' \u202Egnp.exe`;
    const page = pageOf([registered('bank', nasty), loggedIn('bank'), shared(`<img src=x>`, '', nasty), shared('bank', nasty)], { origin: `${nasty}/log`, holds: false, findings: [nasty] });
    expect(page).not.toMatch(/<script|<img|\u202E|<link|@import|url\(/);
    expect(page).not.toContain(`onload='x'`);
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'");
    expect(page.match(/<style>/g)).toHaveLength(1);
  });

  it('says so when the log does not hold, and when there is nothing to report', () => {
    expect(pageOf([], { holds: false, findings: ['leaf.differs tile/0/000'] })).toMatch(/does not hold[^]*leaf.differs tile\/0\/000/);
    expect(pageOf([{ ...seen(noon, 1), data: Buffer.from([0xff]) }])).toContain('1 entries are left out');
    expect(pageOf([])).toContain('No entry is in the range asked for');
  });
});
