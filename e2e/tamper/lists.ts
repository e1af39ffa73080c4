import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ClientRegistered, SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { ConsentGranted, ConsentRequested, ConsentWithdrawn, ShareAuthorized } from '@tillid/contracts/consent/v1/events';
import type { Event } from '@tillid/contracts/event/v1/event';
import { CitizenClosed, CitizenRegistered } from '@tillid/contracts/identity/v1/events';
import { newSourceKeyFile, sourceKeyFrom } from '@tillid/crypto';
import { chained, decodeEnvelope, ledgerSource, openReadModels, type FollowedReadModels } from '@tillid/eventsourcing';
import type { ServiceName } from '@tillid/runtime';
import { sqliteStores } from '@tillid/service';
import { checkout } from '../support/system.js';
import { announcementOf, bytesOf, eventOf } from './events.js';
import { evening, type Copy } from './installation.js';
import { compareLists, explained, listsOf, rebuildWith } from './programs.js';

type Messages<Message> = { fromPartial(value: Partial<Message>): Message; encode(value: Message): { finish(): Uint8Array } };
const revisions = new Map<string, number>();
const happened = <Message>(source: string, stream: string, type: string, messages: Messages<Message>, payload: Partial<Message>, more: Partial<Event> = {}): Buffer => {
  const revision = (revisions.get(stream) ?? 0) + 1;
  revisions.set(stream, revision);
  return bytesOf(eventOf(source, stream, revision, evening, { type: `tillid.${source.split('/')[0]}.v1.${type}`, data: Buffer.from(messages.encode(messages.fromPartial(payload)).finish()), ...more }));
};
const registered = (clientId: string, dataProvider: boolean) => happened<ClientRegistered>('authentication/0', `client-${clientId}`, 'ClientRegistered', ClientRegistered, { clientId, name: clientId, dataProvider });
const linked = (pseudonym: string, citizenId: string) => happened<SubjectLinked>('authentication/0', `subject-${pseudonym}`, 'SubjectLinked', SubjectLinked, { pseudonym, clientId: 'bank', citizenId });
const ofAnna = { subject: 'p-anna', clientId: 'bank' };
const shared = (number: number) => happened<ShareAuthorized>('consent/0', 'consent-annas', 'ShareAuthorized', ShareAuthorized, { shareId: `annas.${number}`, providerId: 'tax', attributes: ['income'] }, ofAnna);

/** What stands in lists, of two citizens at one bank; the last four a service has yet to take in when it is asked to. */
const day = [
  bytesOf(announcementOf('authentication/0', sourceKeyFrom(newSourceKeyFile()), evening)),
  registered('bank', false), registered('tax', true), linked('p-anna', 'anna'), linked('p-bent', 'bent'),
  ...['anna', 'bent', 'carl'].map((citizenId) => happened<CitizenRegistered>('identity/0', `citizen-${citizenId}`, 'CitizenRegistered', CitizenRegistered, { citizenId }, { subject: citizenId })),
  happened<CitizenClosed>('identity/0', 'citizen-carl', 'CitizenClosed', CitizenClosed, { citizenId: 'carl' }, { subject: 'carl' }),
  happened<ConsentRequested>('consent/0', 'consent-annas', 'ConsentRequested', ConsentRequested, { consentId: 'annas', providerId: 'tax', attributes: ['income'] }, ofAnna),
  happened<ConsentGranted>('consent/0', 'consent-annas', 'ConsentGranted', ConsentGranted, { consentId: 'annas', attributes: ['income'] }, ofAnna),
  happened<ConsentRequested>('consent/0', 'consent-bents', 'ConsentRequested', ConsentRequested, { consentId: 'bents', providerId: 'tax', attributes: ['debt'] }, { subject: 'p-bent', clientId: 'bank' }),
  shared(1), shared(2),
];
const later = [shared(3), shared(4), happened<ConsentWithdrawn>('consent/0', 'consent-annas', 'ConsentWithdrawn', ConsentWithdrawn, { consentId: 'annas', reason: 'own_wish' }, ofAnna), shared(5)];

export interface ListTampering {
  readonly service: ServiceName;
  /** The one that is to be found, and no other. */
  readonly list: string;
  /** It is done before the last events are taken in, which the service's own consumer then does. */
  readonly beforeTheLast?: boolean;
  /** In the service's database. */
  readonly sql: readonly string[];
  /** The same, beneath SQL. */
  readonly beneath?: (database: DatabaseSync) => void;
}

/** Somebody with a service's database does this to its lists; then an auditor has them built again from the log. */
export const inTheDatabase = ({ service, list, beforeTheLast = false, sql, beneath }: ListTampering) => async (copy: Copy) => {
  const leaves = [...copy.original.leaves, ...day, ...later];
  copy.signAnew(leaves);
  const holds = await copy.verify();
  if (holds.length > 0) return holds;
  const folder = asTheServiceKeepsThem(copy, service, beforeTheLast ? leaves.length - later.length : leaves.length);
  for (const statement of sql) copy.sql(`lists/${service}/read-models`, statement);
  if (beneath) {
    // As any other SQLite opens it: Node's own refuses to have its schema written to.
    const database = new DatabaseSync(join(folder, 'read-models.sqlite'), { defensive: false } as object);
    beneath(database);
    database.close();
  }
  const readModels = await listsOf(service);
  if (beforeTheLast) await takeInTheRest(readModels, folder, leaves);
  const live = await said(readModels, folder);
  const lists = await builtAgain(copy, service, live);
  const wrong = compareLists(service, lists, live).filter(({ verdict }) => verdict !== 'same');
  const beside = wrong.filter((each) => each.name !== list || !explained(each).includes(` ${list}@${each.version}  `) || !explained(each).includes(`${each.source}@${each.live?.position}`));
  return beside.length > 0 ? [`accused ${beside.map(({ name }) => name).join()}`] : wrong.map(({ verdict }) => verdict);
};

const built = new Map<string, ReturnType<typeof rebuildWith>>();

/** By the auditor's own run of the service's program; once for all who ask for the same positions, for the log is the same. */
async function builtAgain(copy: Copy, service: ServiceName, at: readonly { readonly name: string; readonly position: number }[]) {
  const wanted = `${service} ${at.map(({ name, position }) => `${name}=${position}`).join()}`;
  const made = built.get(wanted) ?? rebuildWith(join(checkout, 'apps'), service, { from: copy.path(''), at, scratch: copy.folder });
  built.set(wanted, made);
  return (await made).lists;
}

/** Made once by the service's own program, of so many entries. */
function asTheServiceKeepsThem(copy: Copy, service: ServiceName, entries: number): string {
  const made = join(copy.original.folder, 'lists', `${service}-${entries}`);
  if (!existsSync(made)) {
    const making = `${made}-making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    execFileSync(process.execPath, [join(checkout, 'apps', service, 'dist/main.js'), 'rebuild', '--from', copy.path(''), '--until', String(entries), '--into', making], { stdio: 'pipe', env: {} });
    renameSync(join(making, `${service}-read-models.sqlite`), join(making, 'read-models.sqlite'));
    renameSync(making, made);
  }
  const folder = join(copy.folder, 'lists', service);
  cpSync(made, folder, { recursive: true });
  return folder;
}

async function takeInTheRest(readModels: FollowedReadModels, folder: string, leaves: readonly Uint8Array[]): Promise<void> {
  const store = await sqliteStores(folder).readModelStore();
  for (const { source, consumer } of Object.values(await openReadModels(readModels, store))) {
    const checkpoint = await consumer.standing(source);
    const events = chained(checkpoint, leaves.filter((bytes) => source === ledgerSource || decodeEnvelope(bytes).source === source).slice(checkpoint.position));
    const last = events.at(-1);
    if (last) await consumer.apply(source, events, { ...checkpoint, position: last.position, chain: last.chain });
  }
  await store.close();
}

/** As GetDigests answers. */
async function said(readModels: FollowedReadModels, folder: string) {
  const store = await sqliteStores(folder).readModelStore();
  try {
    return await Promise.all(Object.values(await openReadModels(readModels, store)).map(async ({ source, version, consumer }) => {
      const found = (await consumer.table.snapshot(consumer.checkpointName, [source]))!;
      return { name: consumer.name, version, digest: found.digest, documents: found.documents, source, position: found.positions[source]! };
    }));
  } finally {
    await store.close();
  }
}
