import type { Clock, Ids } from '@tillid/kernel';
import type { Citizens } from './citizens/citizens.js';
import type { Pseudonyms } from './citizens/pseudonyms.js';
import type { Clients } from './clients/clients.js';
import type { Directory } from './directory/directory.js';
import type { PasswordHashes } from './hashing/password-hash.js';
import type { AuthenticationLog } from './log/authentication-log.js';
import type { DerivedSecrets } from './sign-ins/derived-secrets.js';
import type { KnownDevices } from './sign-ins/known-devices.js';
import type { OpenSignIns } from './sign-ins/open-sign-ins.js';
import type { TryPools } from './sign-ins/try-pools.js';
import type { CitizenTokens } from './tokens/citizen-tokens.js';
import type { MisuseLog } from './tokens/misuse-log.js';
import type { UserIds } from './user-ids/user-ids.js';
import type { SealedVault } from './vault/sealed-vault.js';

/** What the use cases work with. Made once, by the assembly; nothing here knows which engine is below. */
export abstract class Authentication {
  abstract readonly clock: Clock;
  abstract readonly ids: Ids;
  abstract readonly log: AuthenticationLog;
  abstract readonly vault: SealedVault;
  abstract readonly directory: Directory;
  abstract readonly citizens: Citizens;
  abstract readonly pseudonyms: Pseudonyms;
  abstract readonly clients: Clients;
  abstract readonly userIds: UserIds;
  abstract readonly hashes: PasswordHashes;
  abstract readonly signIns: OpenSignIns;
  abstract readonly tries: TryPools;
  abstract readonly devices: KnownDevices;
  abstract readonly secrets: DerivedSecrets;
  abstract readonly tokens: CitizenTokens;
  abstract readonly misuse: MisuseLog;
  abstract readonly limits: { readonly sessionLifetimeMs: number };
}
