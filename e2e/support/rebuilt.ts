import { join } from 'node:path';
import { projectionConsumer, rebuild, type EventStore, type Projection, type ReadModelStore, type RebuildSource } from '@tillid/eventsourcing';
import { inMemoryReadModelStore } from '@tillid/eventsourcing/in-memory';
import { checkout, type ServiceName } from './system.js';

type AnyProjection = Projection<object, never>;

const ledgerSource = 'ledger/0';

/** Who builds what from whose events. Loaded from the built apps: nothing may import an app, this test least of all its sources. */
const projections: readonly (readonly [service: ServiceName, file: string, name: string, source: string])[] = [
  ['identity', 'on-subject-linked/subjects.read-model.js', 'subjects', 'authentication/0'],
  ['authentication', 'directory/directory.read-model.js', 'directoryProjection', 'authentication/0'],
  ['authentication', 'citizens/citizens.projection.js', 'citizensProjection', 'identity/0'],
  ['consent', 'known/subjects.read-model.js', 'subjects', 'authentication/0'],
  ['consent', 'known/clients.read-model.js', 'clients', 'authentication/0'],
  ['consent', 'known/closed-citizens.read-model.js', 'closedCitizens', 'identity/0'],
  ['consent', 'list-consents/list-consents.read-model.js', 'consents', 'consent/0'],
  ['audit', 'access-log/entries.read-model.js', 'entriesProjection', ledgerSource],
  ['audit', 'access-log/clients.read-model.js', 'clientsProjection', ledgerSource],
  ['audit', 'access-log/links.read-model.js', 'linksProjection', ledgerSource],
  ['audit', 'record-reading/reading-days.read-model.js', 'readingDaysProjection', ledgerSource],
];

export interface Digests {
  readonly live: Readonly<Record<string, string>>;
  readonly rebuilt: Readonly<Record<string, string>>;
}

/** What every service lists now, and what the same projections make of the ledger from nothing. */
export async function digestsOf(ledger: EventStore, readModelsOf: (service: ServiceName) => Promise<ReadModelStore>): Promise<Digests> {
  const live: Record<string, string> = {};
  const rebuilt: Record<string, string> = {};
  for (const [service, file, name, source] of projections) {
    const module = (await import(join(checkout, 'apps', service, 'dist', file))) as Record<string, AnyProjection>;
    const declared = module[name]!;
    const title = `${service} ${declared.name}`;
    live[title] = await (await (await readModelsOf(service)).open(declared.model)).digest();
    rebuilt[title] = await rebuild(await projectionConsumer(declared, inMemoryReadModelStore()), [sourceIn(ledger, source)]);
  }
  return { live, rebuilt };
}

function sourceIn(ledger: EventStore, source: string): RebuildSource {
  return { source, read: (after, limit) => (source === ledgerSource ? ledger.readAll(after, limit) : ledger.readStream(source, after, limit)) };
}
