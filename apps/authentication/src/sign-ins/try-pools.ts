import type { ExpiringStore } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import type { Factor } from '../domain/assurance.js';
import { refuse } from '../domain/authentication.refusals.js';
import { knownDevice, noTries, takeTry, type Tries, unknownDevices } from '../domain/tries.js';
import type { Line } from '../hashing/hash-queue.js';
import { ExpiringJson } from './expiring-json.js';

/** Failures in a row are remembered this long after the last one. */
const rememberedMs = 90 * 24 * 3_600_000;

/** Whose tries these are: a device that is known for this account has a pool of its own. */
export interface Guesser {
  /** Hex HMAC of the user id, whether or not anybody has it. */
  readonly account: string;
  /** Hash of a known device's secret. */
  readonly device?: string;
}

export function lineOf({ device }: Guesser): Line {
  return device === undefined ? 'unknown' : 'known';
}

/**
 * A try is taken before the work it is for, so that a thousand guesses at once are a thousand tries. A crash after
 * taking one costs the account a try, never the other way round.
 */
export class TryPools {
  private readonly pools: ExpiringJson<Tries>;

  constructor(
    store: ExpiringStore,
    private readonly clock: Clock,
  ) {
    this.pools = new ExpiringJson(store, clock);
  }

  async take(factor: Factor, guesser: Guesser): Promise<void> {
    await this.pools.update(keyOf(factor, guesser), (tries) => {
      const nowMs = this.clock.nowMs();
      const turn = takeTry(guesser.device === undefined ? unknownDevices : knownDevice, tries ?? noTries, nowMs);
      if (!turn.allowed) throw refuse('sign_in.too_many_tries', { retryAfterMs: turn.retryAfterMs });
      return { document: turn.tries, expiresAtMs: nowMs + rememberedMs };
    });
  }

  /** After a success, or a new activation. */
  async reset(factor: Factor, guesser: Guesser): Promise<void> {
    await this.pools.delete(keyOf(factor, guesser));
  }
}

function keyOf(factor: Factor, { account, device }: Guesser): string {
  return `tries:${factor}:${account}:${device ?? 'unknown'}`;
}
