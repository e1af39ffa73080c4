import { expect } from 'vitest';
import { commandIdOf } from '@tillid/eventsourcing';
import type { DayReport } from './day-report.js';
import type { ReplayedEntry } from './replayed.js';

/** Nothing lost, nothing invented: what the callers of some days were told, held against every entry of the ledger. */
export function holdActsAgainst(entries: readonly ReplayedEntry[], reports: readonly DayReport[]): void {
  const acknowledged = reports.flatMap((report) => report.acknowledged);
  const there = new Map(entries.map((entry) => [`${entry.source}@${entry.position}`, entry]));
  expect(acknowledged.map(({ position }) => position).filter((position) => position !== '' && !there.has(position))).toEqual([]);

  // And it is that act's own event, by the command id, which follows from caller, rpc and key alone.
  const acts = new Map(acknowledged.map((act) => [commandIdOf(act.caller, act.rpc, act.idempotencyKey).toString('base64'), act]));
  const named = acknowledged.filter(({ rpc }) => firstHand.has(rpc));
  expect(named.filter((act) => acts.get(there.get(act.position)?.commandId ?? '') !== act)).toEqual([]);
  expect(named.length, 'acts by which a day can be told from no day').toBeGreaterThan(30 * reports.length);

  // Nothing invented: no such event without its act, none twice, and each of the others as often as it was asked for, however often the call was retried.
  expect(entries.filter(({ type, commandId }) => eventsOfFirstHand.has(type) && !acts.has(commandId))).toEqual([]);
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  for (const [type, rpcs] of eventsOfActs) {
    expect(entries.filter((entry) => entry.type === type).length, `${type} for every acknowledged ${rpcs.join(', ')}`).toBe(acknowledged.filter(({ rpc }) => rpcs.includes(rpc)).length);
  }
  const refused = reports.flatMap(({ refusals }) => refusals).filter(({ code }) => code === 'sign_in.factor_refused').length;
  expect(entries.filter(({ type }) => type === 'tillid.authentication.v1.FactorRefused').length).toBe(refused);
}

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
