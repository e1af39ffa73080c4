import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandIdOf } from '@tillid/eventsourcing';
import { parseDay } from './support/day-report.js';
import { replayed } from './support/replayed.js';
import { type Finished, type ServiceName, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';

const killsInAll = 20;

let system: System;

beforeAll(async () => {
  system = await System.start(21_600);
});

afterAll(async () => {
  await system?.remove();
});

describe('a national day on which services die', () => {
  it(`loses nothing it acknowledged and invents nothing, after ${killsInAll} kills`, async () => {
    const days: Finished[] = [];
    const kills: string[] = [];
    while (kills.length < killsInAll) {
      let over = false;
      const day = system.tillid('demo', '--json', '--keep-going', '--citizens', '6').finally(() => (over = true));
      while (!over && kills.length < killsInAll) {
        await killOne(serviceNames[Math.floor(Math.random() * serviceNames.length)]!, kills);
      }
      days.push(await day);
    }

    const reports = days.map(({ stdout, stderr }) => {
      expect(stdout, stderr).not.toBe('');
      return parseDay(stdout);
    });
    expect(reports.flatMap(({ expectations }) => expectations.filter(({ held }) => !held)), kills.join(' ')).toEqual([]);

    // Everything written is in the ledger once the feeds have caught up, which `compare` says.
    await until('every source is in the ledger', async () => (await system.auditor('compare')).code === 0);
    const acknowledged = reports.flatMap((report) => report.acknowledged);
    const entries = await replayed(system);
    const there = new Map(entries.map((entry) => [`${entry.source}@${entry.position}`, entry]));
    expect(acknowledged.map(({ position }) => position).filter((position) => position !== '' && !there.has(position))).toEqual([]);

    // And it is that act's own event, by the command id, which follows from caller, rpc and key alone.
    const acts = new Map(acknowledged.map((act) => [commandIdOf(act.caller, act.rpc, act.idempotencyKey).toString('base64'), act]));
    const named = acknowledged.filter(({ rpc }) => firstHand.has(rpc));
    expect(named.filter((act) => acts.get(there.get(act.position)?.commandId ?? '') !== act)).toEqual([]);
    expect(named.length).toBeGreaterThan(100);

    // Nothing invented: no such event without its act, none twice, and each of the others as often as it was asked for, however often the call was retried.
    expect(entries.filter(({ type, commandId }) => eventsOfFirstHand.has(type) && !acts.has(commandId))).toEqual([]);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    for (const [type, rpcs] of eventsOfActs) {
      expect(entries.filter((entry) => entry.type === type).length, `${type} for every acknowledged ${rpcs.join(', ')}`).toBe(acknowledged.filter(({ rpc }) => rpcs.includes(rpc)).length);
    }
    const refused = reports.flatMap(({ refusals }) => refusals).filter(({ code }) => code === 'sign_in.factor_refused').length;
    expect(entries.filter(({ type }) => type === 'tillid.authentication.v1.FactorRefused').length).toBe(refused);
    for (const check of [['verify', '--entries'], ['compare']]) {
      const verdict = await system.auditor(...check);
      expect(verdict.code, verdict.stdout + verdict.stderr).toBe(0);
    }
  });
});

const identity = (rpc: string) => `/tillid.identity.v1.IdentityService/${rpc}`;
const authentication = (rpc: string) => `/tillid.authentication.v1.AuthenticationService/${rpc}`;
const consent = (rpc: string) => `/tillid.consent.v1.ConsentService/${rpc}`;

/** How many events of a type the acknowledged calls must have left: one each. */
const eventsOfActs: readonly (readonly [type: string, rpcs: readonly string[]])[] = [
  ['tillid.identity.v1.CitizenRegistered', [identity('RegisterCitizen')]],
  ['tillid.identity.v1.AttributesReleased', [identity('ReleaseAttributes')]],
  ['tillid.authentication.v1.ActivationCodeIssued', [authentication('IssueActivationCode')]],
  ['tillid.authentication.v1.KeyActivated', [authentication('ActivateKey')]],
  ['tillid.authentication.v1.FactorAccepted', [authentication('SubmitPassword'), authentication('SubmitCode')]],
  ['tillid.authentication.v1.CodeUsed', [authentication('SubmitCode')]],
  ['tillid.authentication.v1.SignInCompleted', [authentication('SubmitCode')]],
  ['tillid.authentication.v1.SessionStarted', [authentication('RedeemSignIn')]],
  ['tillid.consent.v1.AgreementRegistered', [consent('RegisterAgreement')]],
  ['tillid.consent.v1.ConsentRequested', [consent('RequestConsent')]],
  ['tillid.consent.v1.ConsentGranted', [consent('GrantConsent')]],
  ['tillid.consent.v1.ConsentWithdrawn', [consent('WithdrawConsent')]],
  ['tillid.consent.v1.ShareRequested', [consent('RequestShare')]],
  ['tillid.consent.v1.ShareAuthorized', [identity('ReleaseAttributes')]],
  ['tillid.consent.v1.ShareCompleted', [identity('ReleaseAttributes')]],
];

/** Calls whose last commit is the command itself, not a step derived from it: its events carry the call's own command id. */
const firstHand: ReadonlySet<string> = new Set([
  ...['RegisterCitizen', 'ProveIdentity', 'ReleaseAttributes'].map(identity),
  ...['IssueActivationCode', 'ActivateKey', 'RedeemSignIn'].map(authentication),
  ...['RegisterAgreement', 'RequestConsent', 'RequestShare'].map(consent),
]);
const eventsOfFirstHand: ReadonlySet<string> = new Set([
  ...['CitizenRegistered', 'EncryptionKeyCreated', 'IdentityProofProposed', 'IdentityProved', 'AttributesReleased'].map((type) => `tillid.identity.v1.${type}`),
  ...['ActivationCodeIssued', 'KeyActivated', 'PasswordSet', 'CodeCardIssued', 'SignInRedeemed', 'SessionStarted'].map((type) => `tillid.authentication.v1.${type}`),
  ...['AgreementRegistered', 'ConsentRequested', 'ShareRequested'].map((type) => `tillid.consent.v1.${type}`),
]);

/** kill -9, then waits until `tillid up` has it back: a service that is killed while it starts would only be killed again. */
async function killOne(service: ServiceName, kills: string[]): Promise<void> {
  const pid = system.running.pids[service];
  process.kill(pid, 'SIGKILL');
  kills.push(service);
  await until(`${service} is back`, async () => {
    if (system.running.pids[service] === pid) return false;
    const { stdout } = await system.tillid('status', '--json');
    try {
      return (JSON.parse(stdout) as { services: Record<string, { serving: boolean }> }).services[service]?.serving ?? false;
    } catch {
      return false;
    }
  });
}
