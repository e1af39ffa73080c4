import {
  commonEvents,
  type Consumer,
  FoldCache,
  openReadModels,
  type OpenReadModel,
  type ProgressBook,
  reactionConsumer,
  type Telemetry,
} from '@tillid/eventsourcing';
import type { SharedTokenKeys } from '@tillid/crypto';
import type { Clock, Ids } from '@tillid/kernel';
import { RecordWatch, type RecordWatchParts } from '@tillid/service';
import { afterKeyEvents, keyEvents } from './after-key-events/after-key-events.js';
import type { AuthenticationStores } from './authentication.stores.js';
import type { Authentication } from './authentication.js';
import { Citizens } from './citizens/citizens.js';
import { Pseudonyms } from './citizens/pseudonyms.js';
import { Clients } from './clients/clients.js';
import { Directory } from './directory/directory.js';
import { authenticationEvents } from './domain/authentication.events.js';
import { refuse, refuseCall } from './domain/authentication.refusals.js';
import { HashQueue, type HashQueueLimits } from './hashing/hash-queue.js';
import { PasswordHashes } from './hashing/password-hash.js';
import { AuthenticationLog } from './log/authentication-log.js';
import { endingEvents, onCitizenEnded } from './on-citizen-ended/on-citizen-ended.js';
import { DerivedSecrets } from './sign-ins/derived-secrets.js';
import { KnownDevices } from './sign-ins/known-devices.js';
import { readModels as declared, sources } from './read-models.js';
import { OpenPerClient } from './sign-ins/open-per-client.js';
import { OpenSignIns } from './sign-ins/open-sign-ins.js';
import { TryPools } from './sign-ins/try-pools.js';
import { CitizenTokens } from './tokens/citizen-tokens.js';
import { MisuseLog } from './tokens/misuse-log.js';
import { UserIds } from './user-ids/user-ids.js';
import { type CitizenKeys, SealedVault } from './vault/sealed-vault.js';

export interface AuthenticationPorts extends AuthenticationStores {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly progress: ProgressBook;
  readonly telemetry?: Telemetry;
  readonly citizenKeys: CitizenKeys;
  /** How far identity's log goes now. */
  readonly identityHead: (deadlineMs?: number) => Promise<number>;
  readonly secrets: { readonly pairwise: Uint8Array; readonly userIds: Uint8Array; readonly signIns: Uint8Array };
  readonly tokenKeys: SharedTokenKeys;
  readonly issuer: string;
  /** No sign-in begins while the record stands still for so long. Unset: they go on. */
  readonly unrecorded?: Pick<RecordWatchParts, 'integratedPosition' | 'limitMs'>;
  readonly limits: { readonly hashes: HashQueueLimits; readonly openSignInsPerClient: number; readonly sessionLifetimeMs: number };
}

export interface Assembled {
  readonly service: Authentication;
  readonly recordWatch: RecordWatch | undefined;
  /** Who reads which log. */
  readonly consumers: readonly { readonly source: string; readonly consumer: Consumer }[];
  /** Those of them that keep a list. */
  readonly lists: readonly OpenReadModel[];
}

/** How long anything waits for our own reading of a log. */
const waitMaxMs = 30_000;

/** The service, whatever it stores with and whatever feeds it: the module and the specs put it together from this. */
export async function assembleAuthentication(ports: AuthenticationPorts): Promise<Assembled> {
  const { clock, ids, progress, readModels, store, telemetry } = ports;
  const codec = authenticationEvents.and(commonEvents);
  const log = new AuthenticationLog({
    store,
    clock,
    ids,
    source: sources.authentication,
    codec,
    cache: new FoldCache(50_000),
    onReserved: () => refuse('user_id.taken'),
    ...(telemetry && { telemetry }),
  });
  const lists = await openReadModels(declared, readModels);
  const [directoryHere, citizensHere] = [lists.directory.consumer, lists.citizens.consumer];

  const passed = async (consumer: Consumer, source: string, position: number, deadlineMs = Infinity): Promise<void> => {
    const patienceMs = Math.max(0, Math.min(deadlineMs - clock.nowMs(), waitMaxMs));
    if (!(await progress.waitFor(consumer.name, source, position, AbortSignal.timeout(patienceMs)))) throw refuseCall('peer.behind', { retryAfterMs: 1000 });
  };
  const citizensCaughtUp = async (deadlineMs?: number) => passed(citizensHere, sources.identity, await ports.identityHead(deadlineMs), deadlineMs);

  const directory = new Directory(directoryHere.table, (position, deadlineMs) => passed(directoryHere, sources.authentication, position, deadlineMs));
  const secrets = new DerivedSecrets(ports.secrets.signIns);
  const tokens = new CitizenTokens(ports.tokenKeys, ports.issuer, clock);
  await tokens.rotate();
  const recordWatch = ports.unrecorded && new RecordWatch({ store, clock, counting: codec, ...ports.unrecorded });
  const service: Authentication = {
    clock,
    ids,
    log,
    directory,
    secrets,
    tokens,
    vault: new SealedVault(ports.vault, ports.citizenKeys, clock, ids),
    citizens: new Citizens(citizensHere.table, citizensCaughtUp),
    pseudonyms: new Pseudonyms(ports.secrets.pairwise),
    clients: new Clients(log),
    userIds: new UserIds(ports.secrets.userIds, directory, log),
    hashes: await PasswordHashes.open(new HashQueue(ports.limits.hashes), ids.newId()),
    signIns: new OpenSignIns(ports.signIns, clock, secrets, new OpenPerClient(ports.limits.openSignInsPerClient), async () => recordWatch?.requireRecorded()),
    tries: new TryPools(ports.tries, ports.devices, clock),
    devices: new KnownDevices(ports.devices, clock),
    misuse: new MisuseLog(log, ids),
    limits: ports.limits,
  };

  const keysChanged = reactionConsumer({ name: 'after-key-events', events: keyEvents, checkpoints: readModels, react: afterKeyEvents(service) });
  const citizenEnded = reactionConsumer({
    name: 'on-citizen-ended',
    events: endingEvents,
    checkpoints: readModels,
    react: onCitizenEnded(service, (position) => passed(citizensHere, sources.identity, position)),
  });
  const all: readonly OpenReadModel[] = Object.values(lists);
  return {
    service,
    recordWatch,
    consumers: [
      ...all,
      { source: sources.authentication, consumer: keysChanged },
      { source: sources.identity, consumer: citizenEnded },
    ],
    lists: all,
  };
}
