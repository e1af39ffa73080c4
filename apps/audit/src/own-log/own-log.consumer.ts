import { createHash } from 'node:crypto';
import {
  CannotApply, checkpointAt, citizenOwner, clientOwner, concernEveryone, decodeEnvelope, everyoneOwner, linkIn, noLines, ownLogMapKey, ownLogsStep, standingIn, StoreFault,
  type Checkpoint, type LogOwner, type OwnLogsBefore, type ProjectionConsumer, type ReadModelRow, type ReadModelStore, type ReadModelTable, type SourceEvent, type UnownedEvent, type Versioned,
} from '@tillid/eventsourcing';
import type { Event } from '@tillid/contracts/event/v1/event';
import { bucketOf, leafHash } from '@tillid/transparency';
import { linkKey, ownLogKey, ownLogLinesModel, ownLogsModel, unownedKey, type OwnLogDocument, type OwnLogLineDocument } from './own-log.documents.js';

export const ownLogsName = 'own-logs';

export interface OwnLogConsumer extends ProjectionConsumer<OwnLogDocument> {
  readonly lines: ReadModelTable<OwnLogLineDocument>;
}

/** How often documents are loaded anew because another process wrote them meanwhile. */
const maxTries = 8;

/**
 * Keeps everyone's own log up to the ledger. Not a projection: a line's number follows from its log's head, and whose
 * log it is from a link. Lines are written first, then heads; each bears the position it reflects, so applying the same
 * entries again after a crash between any two of these writes gives the same numbers, and changes nothing.
 */
export async function ownLogConsumer(store: ReadModelStore): Promise<OwnLogConsumer> {
  const [logs, lines] = await Promise.all([store.open(ownLogsModel), store.open(ownLogLinesModel)]);
  const checkpointName = `${ownLogsName}@${ownLogsModel.version}`;
  const linesCheckpointName = `${ownLogLinesModel.name}@${ownLogLinesModel.version}`;

  return {
    name: ownLogsName,
    lines,
    checkpointName,
    table: {
      ...logs,
      digest: async () => digestOfBoth(await logs.digest(), await lines.digest()),
      async snapshot(projection, sources) {
        // Lines are ahead of their heads between the two writes: then it is of no one position.
        const [ofLines, ofLogs] = [await lines.snapshot(linesCheckpointName, sources), await logs.snapshot(projection, sources)];
        if (!ofLines || !ofLogs || sources.some((source) => ofLines.positions[source] !== ofLogs.positions[source])) return undefined;
        return { digest: digestOfBoth(ofLogs.digest, ofLines.digest), documents: ofLogs.documents + ofLines.documents, positions: ofLogs.positions };
      },
      async clear(projection) {
        await logs.clear(projection);
        await lines.clear(linesCheckpointName);
      },
    },
    standing: (source) => standingIn(store, checkpointName, source),
    async apply(source, events, next) {
      const { entries, failure } = read(events);
      const checkpoint = failure ? checkpointBefore(failure, events, next) : next;
      for (let tries = 0; checkpoint !== undefined; tries += 1) {
        if (tries === maxTries) throw new StoreFault(`another process keeps writing the documents of ${ownLogsName}`);
        const { lineRows, logRows } = rowsOf(entries, source, await load(logs, entries));
        if (!(await lines.write({ projection: linesCheckpointName, source, checkpoint, rows: lineRows }))) continue;
        // A crash here leaves lines their heads do not know of: the same lines come again.
        if (await logs.write({ projection: checkpointName, source, checkpoint, rows: logRows })) break;
      }
      if (failure) throw failure;
      return { unknownTypes: 0 };
    },
  };
}

function digestOfBoth(logs: string, lines: string): string {
  return createHash('sha256').update(logs).update(lines).digest('hex');
}

interface Entry {
  readonly position: number;
  readonly envelope: Event;
  readonly leafHash: Uint8Array;
  readonly link: ReturnType<typeof linkIn>;
}

function read(events: readonly SourceEvent[]): { readonly entries: readonly Entry[]; readonly failure?: CannotApply } {
  const entries: Entry[] = [];
  for (const { position, bytes } of events) {
    try {
      const envelope = decodeEnvelope(bytes);
      entries.push({ position, envelope, leafHash: leafHash(bytes), link: linkIn(envelope) });
    } catch (cause) {
      return { entries, failure: new CannotApply(position, 'event.cannot_be_read', { cause }) };
    }
  }
  return { entries };
}

function checkpointBefore(failure: CannotApply, events: readonly SourceEvent[], next: Checkpoint): Checkpoint | undefined {
  const last = events.find(({ position }) => position === failure.position - 1);
  return last && checkpointAt(last, next);
}

type Loaded = ReadonlyMap<string, Versioned<OwnLogDocument>>;

/** Links first: they say whose logs are needed. */
async function load(logs: ReadModelTable<OwnLogDocument>, entries: readonly Entry[]): Promise<Loaded> {
  const pseudonyms = new Set(entries.flatMap(({ envelope, link }) => [...(envelope.clientId !== '' && envelope.subject !== '' ? [envelope.subject] : []), ...(link ? [link.pseudonym] : [])]));
  const links = await logs.load([...pseudonyms].flatMap((pseudonym) => [linkKey(pseudonym), unownedKey(pseudonym)]));
  const owners = new Set<LogOwner>();
  for (const { document } of links.values()) if (document?.kind === 'link') owners.add(citizenOwner(document.citizenId));
  for (const { envelope: { type, subject, clientId }, link } of entries) {
    if (clientId !== '') owners.add(clientOwner(clientId));
    else if (subject !== '') owners.add(citizenOwner(subject));
    if (concernEveryone.has(type)) owners.add(everyoneOwner);
    if (link) owners.add(citizenOwner(link.citizenId));
  }
  return new Map([...links, ...(await logs.load([...owners].map(ownLogKey)))]);
}

/** What the entries make of the documents; an entry that a document reflects already does nothing to it. */
function rowsOf(entries: readonly Entry[], source: string, loaded: Loaded): { readonly lineRows: readonly ReadModelRow<OwnLogLineDocument>[]; readonly logRows: readonly ReadModelRow<OwnLogDocument>[] } {
  const lineRows: ReadModelRow<OwnLogLineDocument>[] = [];
  const changed = new Map<string, { readonly document: OwnLogDocument; readonly position: number }>();
  const documentOf = (key: string) => changed.get(key)?.document ?? loaded.get(key)?.document ?? undefined;
  const reflects = (key: string, position: number) => (loaded.get(key)?.positions[source] ?? 0) >= position;
  const before = (position: number): OwnLogsBefore => ({
    head(owner) {
      const log = documentOf(ownLogKey(owner));
      return log?.kind === 'log' ? { number: log.number, chain: Buffer.from(log.chain, 'base64') } : noLines;
    },
    citizenOf(pseudonym) {
      const link = documentOf(linkKey(pseudonym));
      return link?.kind === 'link' && link.position < position ? link.citizenId : undefined;
    },
    unowned: (pseudonym) => unownedIn(documentOf(unownedKey(pseudonym))).filter((event) => event.position < position),
  });
  for (const entry of entries) {
    const { position } = entry;
    const step = ownLogsStep(entry, before(position));
    for (const { owner, number, chain, position: at, leafHash: leaf } of step.lines) {
      const key = ownLogKey(owner);
      if (reflects(key, position)) continue;
      const encoded = { owner, number, chain: base64(chain) };
      changed.set(key, { document: { kind: 'log', ...encoded, bucket: bucketOf(ownLogMapKey(owner)), position }, position });
      const document = { ...encoded, leafIndex: at - 1, numberedAt: position, leafHash: base64(leaf) };
      lineRows.push({ key: ownLogLinesModel.key(document), document, position, loaded: {} });
    }
    if (step.link && !reflects(linkKey(step.link.pseudonym), position)) changed.set(linkKey(step.link.pseudonym), { document: { kind: 'link', ...step.link, position }, position });
    if (step.link) {
      const key = unownedKey(step.link.pseudonym);
      const document = documentOf(key);
      if (document?.kind === 'unowned' && !reflects(key, position)) changed.set(key, { document: { ...document, kind: 'owned' }, position });
    }
    if (step.unowned) {
      const { pseudonym, leafHash: leaf } = step.unowned;
      const key = unownedKey(pseudonym);
      const document = documentOf(key);
      const events = document?.kind === 'unowned' ? document.events : [];
      if (!reflects(key, position)) changed.set(key, { document: { kind: 'unowned', pseudonym, events: [...events, { position, leafHash: base64(leaf) }] }, position });
    }
  }
  return { lineRows, logRows: [...changed].map(([key, { document, position }]) => ({ key, document, position, loaded: loaded.get(key)?.positions ?? {} })) };
}

function unownedIn(document: OwnLogDocument | undefined): readonly UnownedEvent[] {
  return document?.kind === 'unowned' || document?.kind === 'owned' ? document.events.map(({ position, leafHash: leaf }) => ({ position, leafHash: Buffer.from(leaf, 'base64') })) : [];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
