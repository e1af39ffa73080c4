import * as audit from '@tillid/contracts/audit/v1/events';
import * as authentication from '@tillid/contracts/authentication/v1/events';
import * as identity from '@tillid/contracts/identity/v1/events';
import { AccessLogEntry } from '@tillid/contracts/audit/v1/service';
import { ActorKind, Result } from '@tillid/contracts/event/v1/event';
import { describe, expect, it } from 'vitest';
import { accessLogLines } from './access-log-lines.js';
import { wordsFor } from './access-log-words.js';

const entry = (fields: Parameters<typeof AccessLogEntry.fromPartial>[0]) => AccessLogEntry.fromPartial({ occurredAt: new Date('2026-11-24T12:00:01Z'), ...fields });

describe('a line of the access log', () => {
  it('says who, what, when, why and where it stands', () => {
    const lines = accessLogLines([
      entry({
        leafIndex: 17,
        type: 'tillid.consent.v1.ShareRefused',
        actor: { kind: ActorKind.RELYING_SERVICE, id: 'egebaek-kommune' },
        clientId: 'egebaek-kommune',
        clientName: 'Egebæk Kommune',
        attributes: ['https://data.gov.dk/model/core/address'],
        authority: { basis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e', purpose: 'https://w3id.org/dpv#ServiceProvision' },
        outcome: { result: Result.REFUSED, reason: 'consent.withdrawn' },
      }),
    ]);
    expect(lines[0]).toMatch(/^leaf +when +who +what +why$/);
    expect(lines[1]).toBe('17    2026-11-24 12:00:01  Egebæk Kommune  Share refused: address (refused: consent.withdrawn)  ServiceProvision, GDPR 6(1)(e)');
  });

  it('names the citizen "you", and where they were', () => {
    const lines = accessLogLines([entry({ type: 'a.SignInCompleted', actor: { kind: ActorKind.CITIZEN }, clientName: 'Fjordbanken' }), entry({ type: 'a.KeyActivated', actor: { kind: ActorKind.CITIZEN } })]);
    expect(lines[1]).toContain('you, at Fjordbanken');
    expect(lines[2]).toMatch(/ you +Key activated/);
  });

  it('does not say it was the citizen when nobody can know', () => {
    const lines = accessLogLines([entry({ type: 'a.FactorRefused', actor: { kind: ActorKind.UNSPECIFIED }, clientName: 'Fjordbanken' })]);
    expect(lines[1]).toContain('someone, at Fjordbanken');
  });

  it('says why for every event that carries no purpose of its own', () => {
    const payloads = [audit, authentication, identity].flatMap((events) => Object.entries(events).filter(([, message]) => typeof message === 'object' && 'decode' in message).map(([name]) => name));
    expect(payloads).toContain('SessionStarted');
    expect(payloads.filter((name) => wordsFor(`x.${name}`).why === '' && !ofNoCitizenOrWithPurpose.includes(name))).toEqual([]);
  });
});

/** KeptSource is no event: a part of one. */
const ofNoCitizenOrWithPurpose = ['HeadsSeen', 'OwnLogHeads', 'LogKeyAnnounced', 'KeptSource', 'ClientRegistered', 'AttributesReleased'];
