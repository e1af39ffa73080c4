import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConsentRequested } from '@tillid/contracts/consent/v1/events';
import { ActorKind, Event } from '@tillid/contracts/event/v1/event';
import { eventCodec, followed, ledgerSource, projection, readModel } from '@tillid/eventsourcing';
import { inMemoryReadModelStore } from '@tillid/eventsourcing/in-memory';
import { InMemoryLog, noteSigner } from '@tillid/transparency';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leavesOf } from './log-leaves.js';
import { rebuildReadModels } from './rebuild-read-models.js';

const consents = projection({
  name: 'consents',
  model: readModel<{ readonly consentId: string }>({ name: 'consents', version: 2, key: ({ consentId }) => consentId, indexes: {} }),
  events: eventCodec('tillid.consent.v1', { ConsentRequested }),
  keys: ({ event }) => [event.consentId],
  apply: (_before, { event: { consentId } }) => {
    if (consentId === 'impossible') throw new Error('that there is not');
    return { consentId };
  },
});
const named = (name: string, source: string) => followed(source, { ...consents, name, model: { ...consents.model, name } });
const models = { own: named('own', 'consent/0'), others: named('others', 'identity/0'), all: named('all', ledgerSource) };

function leaf(source: string, number: number, consentId = `c-${number}`): Buffer {
  const id = Buffer.alloc(16, number % 250 + 1);
  const data = Buffer.from(ConsentRequested.encode(ConsentRequested.fromPartial({ consentId })).finish());
  return Buffer.from(Event.encode(Event.fromPartial({ id, salt: id, source, type: 'tillid.consent.v1.ConsentRequested', schemaRevision: 1, stream: 's', revision: number + 1, occurredAt: new Date(0), actor: { kind: ActorKind.SYSTEM, id: 'spec' }, data, commandId: id, commitSize: 1 })).finish());
}

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tillid-leaves-'))));
afterEach(() => rm(folder, { recursive: true }));

async function logOf(leaves: readonly Buffer[], ...steps: readonly number[]): Promise<string> {
  const log = new InMemoryLog(noteSigner('spec/log', Buffer.alloc(32, 3)));
  for (const end of [...steps, leaves.length]) log.append(leaves.slice(log.edge.size, end), true);
  for (const [path, bytes] of log.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}
const mixed = (count: number) => Array.from({ length: count }, (_, index) => leaf(index % 3 === 0 ? 'identity/0' : 'consent/0', index));
const built = async (from: string, wish = {}) => rebuildReadModels(models, inMemoryReadModelStore(), await leavesOf(from), wish);

describe('read models built again from a folder of the log', () => {
  it('take in every event of whom they follow, full bundles and the partial one at the end', async () => {
    const { positions, readModels } = await built(await logOf(mixed(600), 300));
    expect(positions).toEqual({ 'consent/0': 400, 'identity/0': 200, [ledgerSource]: 600 });
    expect(readModels.map(({ name, version, documents, source, position }) => [name, version, documents, source, position])).toEqual([['own', 2, 400, 'consent/0', 400], ['others', 2, 200, 'identity/0', 200], ['all', 2, 600, ledgerSource, 600]]);
  });
  it('are the same from the file that a replay prints', async () => {
    const leaves = mixed(20);
    const log = await built(await logOf(leaves));
    const file = join(folder, 'replay.ndjson');
    await writeFile(file, leaves.map((bytes, leafIndex) => `${JSON.stringify({ leafIndex, bytes: bytes.toString('base64') })}\n`).join(''));
    expect(await built(file)).toEqual(log);
    await writeFile(file, `${JSON.stringify({ leafIndex: 1, bytes: '' })}\n`);
    await expect(built(file)).rejects.toThrow('line 1 is not leaf 0');
  });
  it('stop at the position that a list was asked for by name, wherever the others stand', async () => {
    const from = await logOf(mixed(30));
    const { readModels } = await built(from, { at: new Map([['own', 7], ['others', 0]]) });
    expect(readModels.map(({ position, documents }) => [position, documents])).toEqual([[7, 7], [0, 0], [30, 30]]);
    await expect(built(from, { at: new Map([['mine', 7]]) })).rejects.toThrow('no read model mine');
  });
  it('say where an event stopped them, and hold what came before it', async () => {
    const { readModels } = await built(await logOf([leaf('consent/0', 0), leaf('consent/0', 1), leaf('consent/0', 2, 'impossible'), leaf('consent/0', 3)]));
    expect(readModels[0]).toMatchObject({ name: 'own', documents: 2, position: 2, stopped: { position: 3, reason: 'event.cannot_be_applied' } });
  });
  it('are not built from a log that lacks something', async () => {
    const from = await logOf(mixed(600));
    await rm(join(folder, 'tile/entries/001'));
    await expect(built(from)).rejects.toThrow('tile/entries/001 is missing');
    await writeFile(join(folder, 'tile/entries/001'), Buffer.alloc(9, 1));
    await expect(built(from)).rejects.toThrow('tile/entries/001 is no bundle of 256 entries');
    await expect(built('/nowhere')).rejects.toThrow('/nowhere cannot be read');
    await expect(built(join(folder, 'tile'))).rejects.toThrow('has no checkpoint');
  });
});
