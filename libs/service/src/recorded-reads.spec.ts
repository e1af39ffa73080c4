import { accessRules } from '@tillid/contracts/access';
import * as audit from '@tillid/contracts/audit/v1/events';
import * as authentication from '@tillid/contracts/authentication/v1/events';
import * as consent from '@tillid/contracts/consent/v1/events';
import * as event from '@tillid/contracts/event/v1/event';
import * as identity from '@tillid/contracts/identity/v1/events';
import { describe, expect, it } from 'vitest';

/*
 * The log of the log: what of a citizen, or of the log, each rpc gives out, and which event says that it did. An rpc that is added stands
 * here, or this fails. There is no guardian, no mandate and no support desk in this system yet: who reads are citizens through their agent,
 * officials, operators, auditors, relying services, and the services themselves. HTTP: apps/audit, public-log.spec.ts.
 */

/** Full names, where it is not the event of what the call does anyway. */
type Row = { readonly recorded: readonly string[] } | { readonly unrecorded: string };
const recorded = (...types: string[]): Row => ({ recorded: types });
const unrecorded = (reason: string): Row => ({ unrecorded: reason });

const nothingOfAnyone = 'gives nothing of anyone';
const answersWithItsOwnAct = 'its answer is what the call itself does, which is an event; it reads nothing beyond that';
const ownList = "a citizen's own list of what stands, event by event, in their own log; the sign-in that opened the room is one of them";

const rows: Readonly<Record<string, Row>> = {
  '/tillid.identity.v1.IdentityService/RegisterCitizen': unrecorded(answersWithItsOwnAct),
  '/tillid.identity.v1.IdentityService/ProveIdentity': unrecorded(answersWithItsOwnAct),
  '/tillid.identity.v1.IdentityService/ReadCitizen': recorded('tillid.identity.v1.CitizenRead'),
  '/tillid.identity.v1.IdentityService/MatchNationalNumber': recorded('tillid.identity.v1.NationalNumberMatched'),
  '/tillid.identity.v1.IdentityService/ReleaseAttributes': recorded('tillid.identity.v1.AttributesReleased', 'tillid.consent.v1.ShareAuthorized'),
  '/tillid.identity.v1.IdentityService/BlockCitizen': unrecorded(answersWithItsOwnAct),
  '/tillid.identity.v1.IdentityService/UnblockCitizen': unrecorded(answersWithItsOwnAct),
  '/tillid.identity.v1.IdentityService/CloseCitizen': unrecorded(answersWithItsOwnAct),
  // Counted: the first of a day at once, for each citizen and service.
  '/tillid.identity.v1.KeyRingService/UseCitizenKey': recorded('tillid.identity.v1.EncryptionKeyUsed'),

  '/tillid.authentication.v1.AuthenticationService/RegisterClient': unrecorded(nothingOfAnyone),
  '/tillid.authentication.v1.AuthenticationService/IssueActivationCode': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/ActivateKey': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/ChangePassword': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/CollectCodeCard': recorded('tillid.authentication.v1.CodeCardCollected'),
  '/tillid.authentication.v1.AuthenticationService/BlockKey': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/BeginSignIn': unrecorded('nobody is named yet'),
  '/tillid.authentication.v1.AuthenticationService/TakeSignIn': unrecorded('says who began it, to whoever the beginner gave the hand-over; of no citizen yet'),
  '/tillid.authentication.v1.AuthenticationService/SubmitPassword': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/SubmitCode': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/AbandonSignIn': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.AuthenticationService/RedeemSignIn': recorded('tillid.authentication.v1.SignInRedeemed', 'tillid.authentication.v1.SessionStarted'),
  '/tillid.authentication.v1.AuthenticationService/IntrospectToken': unrecorded('says of a token that was shown to the caller whether it is good, and nothing that does not stand in it; a foreign one is TokenMisused'),
  '/tillid.authentication.v1.AuthenticationService/ListSessions': unrecorded(ownList),
  '/tillid.authentication.v1.AuthenticationService/EndSession': unrecorded(answersWithItsOwnAct),
  '/tillid.authentication.v1.SubjectService/LinkSubject': recorded('tillid.authentication.v1.SubjectLinked'),

  '/tillid.consent.v1.ConsentService/RegisterAgreement': unrecorded(nothingOfAnyone),
  '/tillid.consent.v1.ConsentService/RequestConsent': unrecorded(answersWithItsOwnAct),
  '/tillid.consent.v1.ConsentService/GrantConsent': unrecorded(answersWithItsOwnAct),
  '/tillid.consent.v1.ConsentService/RefuseConsent': unrecorded(answersWithItsOwnAct),
  '/tillid.consent.v1.ConsentService/WithdrawConsent': unrecorded(answersWithItsOwnAct),
  '/tillid.consent.v1.ConsentService/ListConsents': unrecorded(ownList),
  '/tillid.consent.v1.ConsentService/RequestShare': recorded('tillid.consent.v1.ShareRequested', 'tillid.consent.v1.ShareRefused'),
  '/tillid.consent.v1.ConsentService/AuthorizeShare': recorded('tillid.consent.v1.ShareAuthorized', 'tillid.consent.v1.ShareRefused'),
  '/tillid.consent.v1.ConsentService/CompleteShare': unrecorded(answersWithItsOwnAct),

  // By citizens: the first of a day at once, the rest as one number when it is over. By auditors: the same, and everyone sees it.
  '/tillid.audit.v1.AuditService/ListAccessLog': recorded('tillid.audit.v1.AccessLogRead'),
  '/tillid.audit.v1.AuditService/GetEntry': recorded('tillid.audit.v1.AccessLogRead'),
  '/tillid.audit.v1.AuditService/GetReceipt': recorded('tillid.audit.v1.AccessLogRead', 'tillid.audit.v1.EntriesRead'),
  '/tillid.audit.v1.AuditService/GetOwnLogHead': unrecorded('how many lines the caller has, and a hash: no line of them, which are read by what is above'),
  '/tillid.audit.v1.AuditService/StreamMyEvents': unrecorded('to a relying service what was done for it, as its own calls were answered when it was done; nothing that is anyone else’s'),
  '/tillid.audit.v1.AuditService/GetCoverage': unrecorded(nothingOfAnyone),
  '/tillid.audit.v1.AuditService/Replay': recorded('tillid.audit.v1.LogReplayed'),
  '/tillid.audit.v1.AuditService/GetCheckpoint': unrecorded(nothingOfAnyone),
  '/tillid.audit.v1.AuditService/GetSourceEnd': unrecorded(nothingOfAnyone),
  '/tillid.audit.v1.AuditService/ReplaySource': recorded('tillid.audit.v1.SourceReplayed'),

  // By auditors. The services follow each other without an end: what they took in shows in what they do.
  '/tillid.feed.v1.FeedService/Subscribe': recorded('tillid.event.v1.FeedRead'),
  '/tillid.feed.v1.FeedService/GetHead': unrecorded(nothingOfAnyone),
  '/tillid.readmodels.v1.ReadModelService/GetDigests': unrecorded('one hash over a whole list: nothing of anyone in it'),
};

const packages = { audit, authentication, consent, event, identity };
const events = new Set(Object.entries(packages).flatMap(([name, types]) => Object.keys(types).map((type) => `tillid.${name}.v1.${type}`)));

describe('whoever reads', () => {
  it('stands in the log, or it is said here of every rpc why not', () => {
    expect(Object.keys(rows).toSorted()).toEqual(Object.keys(accessRules).toSorted());
  });

  it('is recorded by an event that there is', () => {
    const named = Object.values(rows).flatMap((row) => ('recorded' in row ? row.recorded : []));
    expect(named.filter((type) => !events.has(type))).toEqual([]);
  });

  it('is recorded wherever an auditor, an official or an operator gets anything of anyone', () => {
    const readers: ReadonlySet<string> = new Set(['auditor', 'official', 'operator']);
    const silent = Object.entries(accessRules).filter(([path, { callers, changes }]) => callers.some((kind) => readers.has(kind)) && !changes && !('recorded' in rows[path]!));
    expect(silent.map(([path]) => path.slice(path.lastIndexOf('/') + 1)).toSorted()).toEqual(['GetCheckpoint', 'GetCoverage', 'GetDigests', 'GetHead']);
  });
});
