import { connect } from 'node:http2';
import { Client, Metadata } from '@grpc/grpc-js';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { commonEvents } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { rpcClient, RpcFailed, rpcCredentials, type TlsIdentity } from '@tillid/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TokenMisuse } from '../src/index.js';
import { startConsent, testInstallation, type TestInstallation } from './installation.js';
import { TestConsentController } from './test-controllers.js';

const key = 'key-of-sixteen-characters';
const controller = new TestConsentController();
let installation: TestInstallation;
let running: Awaited<ReturnType<typeof startConsent>>;
let bank: TlsIdentity;
let clients: { close(): void }[] = [];

const tokens = {
  check: async (token: string) => {
    if (token === 'stolen') throw new TokenMisuse('token.other_certificate', 'token-1');
    if (token !== 'good' && token !== "another's") throw new Refused('token.malformed', 'unauthenticated');
    return { subject: token === 'good' ? 'citizen-1' : 'citizen-2', sessionId: 's', level: AssuranceLevel.HIGH, tokenId: 't' };
  },
};

beforeAll(async () => {
  installation = await testInstallation();
  running = await startConsent(installation, { controllers: [controller], tokens });
  bank = await installation.identityOf({ kind: 'relying_service', id: 'fjordbanken' });
});
afterAll(async () => {
  for (const client of clients) client.close();
  clients = [];
  await running.service.stop();
});
beforeEach(() => void controller.seen.splice(0));

function clientOf(tls: TlsIdentity, peer = 'consent') {
  const client = rpcClient(ConsentServiceService, running.address, rpcCredentials(tls, peer), { retries: 0 });
  clients.push(client);
  return client;
}
async function refusalOf(work: Promise<unknown>): Promise<Refused> {
  const error: unknown = await work.then(() => 'answered', (reason: unknown) => reason);
  if (!(error instanceof Refused)) throw new Error(`not refused but: ${String(error)}`, { cause: error });
  return error;
}
async function recorded() {
  const events = await running.store.readAll(0, 1000);
  return events.flatMap(({ bytes, position }) => {
    const event = commonEvents.decode(bytes, position);
    return event?.event.type === 'CallRefused' ? [{ stream: event.envelope.stream, ...event.event }] : [];
  });
}

describe('a caller over mTLS', () => {
  it('is answered, told where it was written, and known by its certificate', async () => {
    const operator = clientOf(await installation.identityOf({ kind: 'operator', id: 'ops' }));
    let position = '';
    await operator.registerAgreement({ idempotencyKey: key, agreementId: 'one', receiverId: 'fjordbanken' }, { onPosition: (written) => (position = written) });
    expect(position).toBe('consent/0@7');
    expect(controller.seen[0]!.caller).toMatchObject({ kind: 'operator', id: 'ops' });
    const again = controller.seen[0]!.context();
    await operator.registerAgreement({ idempotencyKey: key, agreementId: 'one', receiverId: 'fjordbanken' });
    expect(controller.seen[1]!.context()).toMatchObject({ commandId: again.commandId, fingerprint: again.fingerprint });
    await operator.registerAgreement({ idempotencyKey: key, agreementId: 'two', receiverId: 'fjordbanken' });
    expect(controller.seen[2]!.context().commandId).toEqual(again.commandId);
    expect(controller.seen[2]!.context().fingerprint).not.toEqual(again.fingerprint);
  });

  it('hears the refusal of a slice with its code, and bad fields by name without their values', async () => {
    expect(await refusalOf(clientOf(bank).requestConsent({ idempotencyKey: key }))).toMatchObject({ code: 'agreement.unknown', kind: 'not_found' });
    const operator = clientOf(await installation.identityOf({ kind: 'operator', id: 'ops' }));
    const refused = await refusalOf(operator.registerAgreement({ idempotencyKey: key, agreementId: 'x' }));
    expect(refused).toMatchObject({ code: 'call.malformed', kind: 'invalid' });
    expect(refused.details.fields?.map(({ field }) => field)).toEqual(['agreement_id', 'receiver_id']);
  });

  it('hears nothing of a fault but an id, under which the log has it without personal data', async () => {
    const error: unknown = await clientOf(bank).requestConsent({ idempotencyKey: key, subject: 'broken' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RpcFailed);
    const { correlationId, message } = error as RpcFailed;
    expect(message).not.toContain('cannot read');
    const line = running.lines.find((each) => each.includes(correlationId!));
    expect(line).toContain('an rpc failed');
    expect(running.lines.join('')).not.toMatch(/0101611234|person@example/);
  });

  it('must bring an idempotency key of 16 to 64 characters to change anything', async () => {
    for (const idempotencyKey of ['', 'short', 'x'.repeat(65), 'sixteen characters with spaces']) {
      const refused = await refusalOf(clientOf(bank).requestConsent({ idempotencyKey }));
      expect(refused).toMatchObject({ code: 'call.malformed', details: { fields: [{ field: 'idempotency_key' }] } });
    }
    expect(controller.seen).toHaveLength(0);
  });

  it('asks another thing when it asks the same for another citizen: their answer is not repeated', async () => {
    const agent = clientOf(await installation.identityOf({ kind: 'citizen_agent', id: 'portal' }));
    for (const token of ['good', 'good', "another's"]) await agent.grantConsent({ idempotencyKey: key, consentId: 'one' }, { token });
    // Where the rule leaves the token open, the same holds once the slice has asked for it.
    for (const token of ['good', 'good', "another's"]) await refusalOf(clientOf(bank).requestConsent({ idempotencyKey: key, subject: 'present' }, { token }));
    const contexts = controller.seen.map((call) => call.context());
    for (const [first, again, other] of [contexts.slice(0, 3), contexts.slice(3)]) {
      expect(again!.fingerprint).toEqual(first!.fingerprint);
      expect(other!.commandId).toEqual(first!.commandId);
      expect(other!.fingerprint).not.toEqual(first!.fingerprint);
    }
  });

  it('is not kept waiting beyond its deadline', async () => {
    const startedMs = performance.now();
    expect(await refusalOf(clientOf(bank).requestConsent({ idempotencyKey: key, subject: 'slow' }, { timeoutMs: 300 }))).toMatchObject({ code: 'call.deadline_exceeded', kind: 'unknown_outcome' });
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});

describe('who may not call', () => {
  it('whoever had a certificate when the connection began, and has none any more: no call more, and no stream', async () => {
    const seconds = 1 / (24 * 60 * 60);
    const auditor = await installation.identityOf({ kind: 'auditor', id: 'rigsrevisionen' }, 5 * seconds);
    const feed = rpcClient(FeedServiceService, running.address, rpcCredentials(auditor, 'consent'), { retries: 0 });
    clients.push(feed);
    const stream = feed.subscribe({});
    await feed.getHead({});
    // A head comes every second.
    const ended = async () => {
      for await (const { head } of stream) expect(head).toBeDefined();
    };
    expect((await refusalOf(ended())).code).toBe('call.unauthenticated');
    expect((await refusalOf(feed.getHead({}))).code).toBe('call.unauthenticated');
  });

  it('without a certificate of this installation there is no connection', async () => {
    const stranger = await (await testInstallation()).identityOf({ kind: 'operator', id: 'ops' });
    const foreign = clientOf({ ...stranger, ca: bank.ca });
    expect((await refusalOf(foreign.registerAgreement({ idempotencyKey: key }))).code).toBe('peer.unavailable');
    const session = connect(`https://${running.address}`, { ca: bank.ca, checkServerIdentity: () => undefined });
    await expect(new Promise((resolve, reject) => session.on('error', reject).on('close', resolve).request({ ':path': '/' }).on('error', reject).on('response', () => resolve('answered')))).rejects.toThrow();
  });

  it('a client does not talk to a service that is not the one it wants', async () => {
    expect((await refusalOf(clientOf(bank, 'identity').requestConsent({ idempotencyKey: key }))).code).toBe('peer.unavailable');
  });

  it('the wrong kind of caller is refused, and that is recorded; ten a minute at once, the rest counted', async () => {
    const hospital = clientOf(await installation.identityOf({ kind: 'relying_service', id: 'sundby-hospital' }));
    for (let i = 0; i < 25; i++) expect(await refusalOf(hospital.registerAgreement({ idempotencyKey: key }))).toMatchObject({ code: 'call.not_allowed', kind: 'not_allowed' });
    const mine = (await recorded()).filter(({ stream }) => stream === 'caller-relying_service-sundby-hospital');
    expect(mine).toHaveLength(10);
    expect(mine[0]).toMatchObject({ rpc: '/tillid.consent.v1.ConsentService/RegisterAgreement', reason: 'call.not_allowed', count: 1 });
    expect(controller.seen).toHaveLength(0);
  });

  it('a service that the rule does not name is refused', async () => {
    const audit = clientOf(await installation.identityOf({ kind: 'service', id: 'audit' }));
    expect((await refusalOf(audit.authorizeShare({ idempotencyKey: key }))).code).toBe('call.not_allowed');
    const identity = clientOf(await installation.identityOf({ kind: 'service', id: 'identity' }));
    expect((await refusalOf(identity.authorizeShare({ idempotencyKey: key }))).code).toBe('share.unknown');
  });

  it("the citizen's rooms need the citizen's token; a stolen one is recorded", async () => {
    const agent = clientOf(await installation.identityOf({ kind: 'citizen_agent', id: 'portal' }));
    expect((await refusalOf(agent.listConsents({}))).code).toBe('token.required');
    expect((await refusalOf(agent.listConsents({}, { token: 'nonsense' }))).code).toBe('token.malformed');
    expect((await agent.listConsents({}, { token: 'good' })).nextPageToken).toBe('citizen-1');
    expect((await refusalOf(agent.listConsents({}, { token: 'stolen' }))).code).toBe('token.other_certificate');
    expect((await recorded()).filter(({ stream }) => stream === 'caller-citizen_agent-portal').map(({ reason }) => reason)).toEqual(['token.other_certificate']);
  });
});

describe('bytes that are no request', () => {
  const path = '/tillid.consent.v1.ConsentService/RequestConsent';
  const send = (bytes: Buffer) => {
    const client = new Client(running.address, rpcCredentials(bank, 'consent').channel, { 'grpc.ssl_target_name_override': 'localhost' });
    clients.push(client);
    const { promise, resolve } = Promise.withResolvers<{ code: number; details: string }>();
    client.makeUnaryRequest(path, (value: Buffer) => value, (value) => value, bytes, new Metadata(), { deadline: Date.now() + 5000 }, (error) => resolve({ code: error?.code ?? 0, details: error?.details ?? '' }));
    return promise;
  };

  it.each([
    ['a field cut off', Buffer.from([0x0a, 0x7f, 0x41])],
    ['a tag that does not exist', Buffer.from([0x07])],
    ['a varint without end', Buffer.alloc(20, 0xff)],
    ['a group that never closes', Buffer.from([0x0b, 0x0b, 0x0b])],
  ])('%s: INVALID_ARGUMENT call.malformed', async (_what, bytes) => {
    expect(await send(bytes)).toEqual({ code: 3, details: 'call.malformed' });
  });

  it('too much of it is refused by size, far too much by the connection', async () => {
    expect(await send(Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0x04]), Buffer.alloc(65_536, 0x41)]))).toEqual({ code: 3, details: 'call.too_large' });
    expect((await send(Buffer.alloc(10_000_000))).code).toBe(8);
  });

  it('random bytes never end the service', async () => {
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(Array.from({ length: round % 97 }, () => Math.floor(Math.random() * 256)));
      expect([3, 5], bytes.toString('hex')).toContain((await send(bytes)).code);
    }
    expect(controller.seen.every(({ idempotencyKey }) => idempotencyKey.length >= 16)).toBe(true);
  });
});

describe('health, reflection, feed', () => {
  it('says that it serves, and describes itself, to any certificate of the installation', async () => {
    const client = new Client(running.address, rpcCredentials(bank, 'consent').channel, { 'grpc.ssl_target_name_override': 'localhost' });
    clients.push(client);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', (value: Buffer) => value, (value) => value, Buffer.alloc(0), (error, reply) => (error ? reject(error) : resolve(reply!)));
    expect(await promise).toEqual(Buffer.from([0x08, 0x01]));
    const call = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', (value: Buffer) => value, (value) => value);
    // ListServices.
    call.write(Buffer.from([0x3a, 0x01, 0x2a]));
    call.on('error', () => undefined);
    const reply = await new Promise<Buffer>((done) => call.on('data', done));
    expect(reply.toString('latin1')).toContain('tillid.consent.v1.ConsentService');
    call.cancel();
  });

  it('feeds its log from the first event, the key announced in it, each batch with a signed head', async () => {
    const audit = rpcClient(FeedServiceService, running.address, rpcCredentials(await installation.identityOf({ kind: 'service', id: 'audit' }), 'consent'));
    clients.push(audit);
    const { head, publicKey } = await audit.getHead({});
    const stop = new AbortController();
    let position = 0;
    for await (const batch of audit.subscribe({ source: 'consent/0', afterPosition: 0 }, { signal: stop.signal })) {
      if (position === 0) {
        const announced = commonEvents.decode(batch.events[0]!, 1)!;
        expect(announced.event).toMatchObject({ type: 'SourceKeyAnnounced', source: 'consent/0', publicKey });
      }
      position += batch.events.length;
      expect(batch.head!.position).toBe(position);
      // The second kind of batch: nothing new, only that it is alive.
      if (batch.events.length === 0) stop.abort();
    }
    expect(position).toBeGreaterThanOrEqual(head!.position);
    expect((await refusalOf(audit.subscribe({ source: '', afterPosition: 1e6 })[Symbol.asyncIterator]().next())).code).toBe('feed.position_ahead');
    expect((await refusalOf(audit.getHead({ source: 'identity/0' }))).code).toBe('feed.unknown_source');
  });

  it('is held open 32 times at once by a caller, over all its connections; another caller loses nothing', async () => {
    const auditor = await installation.identityOf({ kind: 'auditor', id: 'rigsrevisionen' });
    const feedOf = (tls: TlsIdentity) => {
      const client = rpcClient(FeedServiceService, running.address, rpcCredentials(tls, 'consent'));
      clients.push(client);
      return client;
    };
    const [one, two] = [feedOf(auditor), feedOf(auditor)];
    const open = (client: typeof one) => client.subscribe({})[Symbol.asyncIterator]();
    const streams = Array.from({ length: 32 }, (_, number) => open(number % 2 === 0 ? one : two));
    await Promise.all(streams.map((stream) => stream.next()));
    expect(await refusalOf(open(one).next())).toMatchObject({ code: 'call.too_many', kind: 'busy', details: { retryAfterMs: 1000 } });
    const other = open(feedOf(await installation.identityOf({ kind: 'auditor', id: 'another' })));
    await other.next();

    // A stream that was left gives its place back, as soon as the service has heard of it.
    await streams[0]!.return?.();
    for (let left = false; !left; ) left = await open(two).next().then(() => true, (error: unknown) => error instanceof Refused && error.code !== 'call.too_many');
    for (const stream of [...streams, other]) await stream.return?.();
  });

  it('is not open to those who are only served', async () => {
    const feed = rpcClient(FeedServiceService, running.address, rpcCredentials(bank, 'consent'), { retries: 0 });
    clients.push(feed);
    expect((await refusalOf(feed.getHead({}))).code).toBe('call.not_allowed');
  });
});
