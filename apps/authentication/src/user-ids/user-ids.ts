import { base32, keyedLookup } from '@tillid/crypto';
import type { Directory } from '../directory/directory.js';
import { authenticators, type Authenticators } from '../domain/authenticators.decider.js';
import { streams } from '../domain/streams.js';
import { normalisedUserId } from '../domain/user-id.js';
import type { AuthenticationLog } from '../log/authentication-log.js';

/** Whom a user id leads to. */
export interface Holder {
  /** Hex HMAC: what tries are counted by. */
  readonly account: string;
  /** A citizen who exists, or one made up, the same every time, for whom every later step does the same work. */
  readonly citizenId: string;
  readonly keys: Authenticators;
  readonly exists: boolean;
}

/** User ids are looked up under a secret and never kept in clear outside the vault. */
export class UserIds {
  constructor(
    private readonly secret: Uint8Array,
    private readonly directory: Directory,
    private readonly log: AuthenticationLog,
  ) {}

  hmacOf(userId: string): Buffer {
    return keyedLookup(this.secret, 'user-id', userId);
  }

  /** The same reads whether or not anybody has it. A user id that was given up for another is nobody's. */
  async holderOf(typed: string): Promise<Holder> {
    const hmac = this.hmacOf(normalisedUserId(typed));
    const account = hmac.toString('hex');
    const decoy = base32(keyedLookup(this.secret, 'decoy', account).subarray(0, 16));
    const citizenId = (await this.directory.citizenOfUserId(account)) ?? decoy;
    const keys = await this.log.state(authenticators, streams.authenticators(citizenId));
    return { account, citizenId, keys, exists: keys.status === 'active' && keys.userId === account };
  }
}
