import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CitizenRead } from '../../libs/contracts/dist/tillid/identity/v1/events.js';
import { ActorKind, Event } from '../../libs/contracts/dist/tillid/event/v1/event.js';
import { sqliteEventStore } from '../../libs/store-sqlite/dist/index.js';

const address = 'https://data.gov.dk/model/core/address';

/**
 * Writes what officials' reads leave in identity's log, while identity is stopped: real events of real citizens, each
 * a commit of its own, as many as no rpc would make in a bench's time. From here on nothing knows they came this way.
 */
export async function writeBacklog(system, citizenIds, events, options) {
  const store = await sqliteEventStore({ path: join(system.data, 'identity', 'log.sqlite') });
  try {
    return await appendReads(store, citizenIds, events, options);
  } finally {
    await store.close();
  }
}

/** `encryptedBytes`: about what a citizen's sealed details would add to each. `clientIds`: done for these relying services in turn, and about nobody. */
export async function appendReads(store, citizenIds, events, { encryptedBytes = 0, clientIds = [''] } = {}) {
  let [bytes, firstPosition] = [0, 0];
  for (let written = 0; written < events; written += 2_000) {
    const commits = Array.from({ length: Math.min(2_000, events - written) }, (_, index) => commitOf(citizenIds[(written + index) % citizenIds.length], encryptedBytes, clientIds[(written + index) % clientIds.length]));
    bytes += commits.reduce((sum, { writes: [{ events: [event] }] }) => sum + event.length, 0);
    const outcomes = await Promise.all(commits.map((commit) => store.append(commit)));
    if (outcomes.some(({ kind }) => kind !== 'appended')) throw new Error('the backlog was refused');
    if (written === 0) firstPosition = outcomes[0].commit.firstPosition;
  }
  return { bytesPerEvent: bytes / events, firstPosition };
}

function commitOf(citizenId, encryptedBytes, clientId) {
  const commandId = randomBytes(16);
  const readId = randomBytes(16).toString('hex');
  const event = Event.encode(Event.fromPartial({
    id: randomBytes(16), salt: randomBytes(16), source: 'identity/0', type: 'tillid.identity.v1.CitizenRead', schemaRevision: 1,
    stream: `citizen-read-${readId}`, revision: 1, occurredAt: new Date(), subject: clientId === '' ? citizenId : '', clientId,
    actor: { kind: ActorKind.OFFICIAL, id: 'official-1' }, authority: { basis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e', purpose: 'https://w3id.org/dpv#ServiceProvision' },
    correlationId: readId, data: Buffer.from(CitizenRead.encode(CitizenRead.fromPartial({ citizenId, readId, attributes: [address] })).finish()),
    encrypted: randomBytes(encryptedBytes), commandId, commitIndex: 0, commitSize: 1,
  })).finish();
  return { commandId, fingerprint: randomBytes(32), writes: [{ stream: `citizen-read-${readId}`, expectedRevision: 0, events: [event] }] };
}
