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
  private readonly strangers: ExpiringJson<Tries>;
  private readonly known: ExpiringJson<Tries>;

  constructor(
    strangers: ExpiringStore,
    known: ExpiringStore,
    private readonly clock: Clock,
  ) {
    this.strangers = new ExpiringJson(strangers, clock);
    this.known = new ExpiringJson(known, clock);
  }

  /** Takes a try, then checks what was guessed. A check that could not be done told nobody anything: its try is given back. */
  async guess<Result>(factor: Factor, guesser: Guesser, check: () => Promise<Result>): Promise<Result> {
    await this.take(factor, guesser);
    try {
      return await check();
    } catch (error) {
      // Should this fail too, the account has a try less, and the caller still hears why.
      await this.giveBack(factor, guesser).catch(() => undefined);
      throw error;
    }
  }

  async take(factor: Factor, guesser: Guesser): Promise<void> {
    await this.poolsOf(guesser).update(keyOf(factor, guesser), (tries) => {
      const nowMs = this.clock.nowMs();
      const turn = takeTry(guesser.device === undefined ? unknownDevices : knownDevice, tries ?? noTries, nowMs);
      if (!turn.allowed) throw refuse('sign_in.too_many_tries', { retryAfterMs: turn.retryAfterMs });
      return { document: turn.tries, expiresAtMs: nowMs + rememberedMs };
    });
  }

  /** After a success, or a new activation. */
  async reset(factor: Factor, guesser: Guesser): Promise<void> {
    await this.poolsOf(guesser).delete(keyOf(factor, guesser));
  }

  private async giveBack(factor: Factor, guesser: Guesser): Promise<void> {
    await this.poolsOf(guesser).update(keyOf(factor, guesser), (tries) => tries && { document: { ...tries, failures: Math.max(0, tries.failures - 1) }, expiresAtMs: this.clock.nowMs() + rememberedMs });
  }

  private poolsOf({ device }: Guesser): ExpiringJson<Tries> {
    return device === undefined ? this.strangers : this.known;
  }
}

function keyOf(factor: Factor, { account, device }: Guesser): string {
  return `tries:${factor}:${account}:${device ?? 'unknown'}`;
}
