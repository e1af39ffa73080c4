import { AuditServiceService, type Coverage } from '@tillid/contracts/audit/v1/service';
import { faultyEventStore, type FaultyEventStore } from '@tillid/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rewrittenPasts } from '../src/take-in/who-changed.js';
import { auditInTest } from './audit-in-test.js';
import { SignedSource } from './signed-source.js';

const consent = 'consent/0';
const others = ['identity/0', 'authentication/0', 'audit/0'];

let audit: Awaited<ReturnType<typeof auditInTest>>;
let ledger: FaultyEventStore;
beforeEach(async () => {
  audit = await auditInTest(undefined, (store) => (ledger = faultyEventStore(store)));
});
afterEach(async () => {
  ledger.become('well');
  await audit.close();
});

const bank = () => audit.service.as({ kind: 'relying_service', id: 'fjordbanken' });
const service = (id: string) => audit.service.as({ kind: 'service', id });
const anna = { citizen: { subject: 'anna' } };
const accessLog = () => audit.service.as({ kind: 'citizen_agent', id: 'portal' }).call(AuditServiceService.listAccessLog, {}, anna);
const coverage = async (): Promise<Coverage> => (await bank().call(AuditServiceService.getCoverage, {})).coverage!;
const ofConsent = async () => (await coverage()).sources.find(({ source }) => source === consent)!;
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

async function ownEvents() {
  const batches = [];
  for await (const batch of bank().stream(AuditServiceService.streamMyEvents, {})) batches.push(batch);
  return { events: batches.flatMap(({ events }) => events), coverage: batches.at(-1)?.coverage };
}

/** Consent is heard over its feed, and has signed five events; the others say that they are idle. */
async function heardConsent(): Promise<SignedSource> {
  for (const source of others) await audit.saysHead(source);
  const source = new SignedSource(consent, () => audit.now());
  source.happens(4);
  audit.hear(consent, source);
  await eventually(async () => expect((await ofConsent()).integratedPosition).toBe(5));
  return source;
}

describe('what is not known is not told as if it were', () => {
  it('a ledger that does not answer is an error in every list, and never an empty one', async () => {
    await audit.happens(consent, 'tillid.consent.v1.ConsentWithdrawn', { subject: 'anna' });
    await audit.happens(consent, 'tillid.consent.v1.ShareAuthorized', { subject: 'p-anna', clientId: 'fjordbanken' });
    ledger.become('unreachable');
    for (const ask of [coverage, accessLog, ownEvents, () => service('consent').call(AuditServiceService.getSourceEnd, {})]) await expect(ask()).rejects.toThrow('store.unknown_outcome');
    ledger.become('well');
    expect((await accessLog()).entries.length).toBeGreaterThan(0);
    expect((await ownEvents()).events).toHaveLength(1);
  });

  it('a list that lacks what the ledger has says so', async () => {
    await heardConsent();
    expect((await accessLog()).coverage).toMatchObject({ mayBeIncomplete: '' });
    await audit.stopLists();
    await audit.isWritten('identity/0', 'tillid.identity.v1.CitizenRegistered', { subject: 'anna', clientId: 'fjordbanken' });
    await eventually(async () => expect(await audit.stores.ledger.lastRevision('identity/0')).toBe(1));
    const behind = { mayBeIncomplete: expect.stringContaining('lists.behind'), completeAsOf: undefined };
    expect(await coverage()).toMatchObject(behind);
    expect((await accessLog()).coverage).toMatchObject(behind);
    expect(await ownEvents()).toMatchObject({ events: [], coverage: behind });
  });

  it('what a source signed and the ledger could not take is a gap, until it could', async () => {
    const source = await heardConsent();
    ledger.become('read-only');
    source.happens(2);
    await eventually(async () => expect(await ofConsent()).toMatchObject({ gap: true, takenInPosition: 5, headPosition: 7, mayBeIncomplete: '' }));
    audit.passTime(3000);
    expect(await ofConsent()).toMatchObject({ mayBeIncomplete: 'source.gap', completeAsOf: new Date(audit.now() - 3000) });
    expect((await coverage()).mayBeIncomplete).toContain('source.gap:consent/0');
    ledger.become('well');
    await eventually(async () => expect(await ofConsent()).toMatchObject({ gap: false, takenInPosition: 7, mayBeIncomplete: '' }));
  });

  it('a relying service that has no events is told whether there can be some', async () => {
    expect(await ownEvents()).toMatchObject({ events: [], coverage: { mayBeIncomplete: expect.stringContaining('source.never_heard:consent/0') } });
    await heardConsent();
    await eventually(async () => expect(await ownEvents()).toMatchObject({ events: [], coverage: { mayBeIncomplete: '', completeAsOf: new Date(audit.now()) } }));
  });

  it('a source that was heard before a restart, and is silent since, is known until then', async () => {
    await heardConsent();
    expect(await audit.headsRecorder.record()).toBe(true);
    const recordedAt = new Date(audit.now());
    audit.passTime(60_000);
    // As after a restart: this process has heard nobody.
    const { heads } = audit.room;
    vi.spyOn(heads, 'of').mockReturnValue(undefined);
    expect(await ofConsent()).toMatchObject({ lastHeard: recordedAt, completeAsOf: recordedAt, mayBeIncomplete: 'source.silent' });
  });

  it('signing that has stopped is a reason, and how old the checkpoint is is said', async () => {
    await heardConsent();
    audit.passTime(3000);
    for (const source of others) await audit.saysHead(source);
    await eventually(async () => expect(await coverage()).toMatchObject({ checkpointAgeMs: 3000, mayBeIncomplete: '' }));
    audit.signedTree.stop('log.ledger_differs');
    expect((await coverage()).mayBeIncomplete).toBe('log.ledger_differs');
  });
});

describe('a service that signs', () => {
  it('is told how much of its own source is signed, and nothing of others', async () => {
    await heardConsent();
    expect(await service('consent').call(AuditServiceService.getSourceEnd, {})).toMatchObject({ position: 5, integratedPosition: 5 });
    expect(await service('identity').call(AuditServiceService.getSourceEnd, {})).toMatchObject({ position: 0, integratedPosition: 0 });
    await expect(bank().call(AuditServiceService.getSourceEnd, {})).rejects.toThrow('call.not_allowed');
  });

  it('another past than it signed before is named, alarmed and not taken in, also after a restart', async () => {
    const source = await heardConsent();
    await audit.headsRecorder.record();
    source.rewrite(3);
    await eventually(async () => expect(await ofConsent()).toMatchObject({ parked: true, parkedReason: 'source.chain_differs', mayBeIncomplete: 'source.rewrote_past', takenInPosition: 5 }));
    expect((await coverage()).mayBeIncomplete).toContain('source.rewrote_past:consent/0');
    expect(rewrittenPasts(audit.room.book)).toContainEqual({ source: consent, rewrote: true });
    expect(rewrittenPasts(audit.room.book)).toContainEqual({ source: 'identity/0', rewrote: false });
    const again = audit.hear(consent, source);
    await eventually(async () => expect((await ofConsent()).mayBeIncomplete).toBe('source.rewrote_past'));
    await again.stop();
  });

  it('fewer events than it signed before has lost its tail', async () => {
    const source = await heardConsent();
    audit.passTime(1000);
    source.rewrite(3, -2);
    expect(source.length).toBe(3);
    await eventually(async () => expect(await ofConsent()).toMatchObject({ parked: true, parkedReason: 'source.behind_us', mayBeIncomplete: 'source.lost_its_tail', takenInPosition: 5 }));
  });
});
