import { decodeEnvelope, logKeysStream, type EventLog } from '@tillid/eventsourcing';
import type { Secrets } from '@tillid/crypto';
import type { Logger } from '@tillid/runtime';
import { signKeyChange } from '@tillid/transparency';
import type { LoggedEvent } from '../domain/audit.events.js';
import { EventSeries } from '../event-series/event-series.js';
import type { SignedTree } from '../integrate/signed-tree.js';
import { logKeySecret, withNextSeed, type HeldKey } from './log-key-seeds.js';
import type { SigningKeys } from './signing-keys.js';

export interface LogKeyRotationParts {
  readonly keys: SigningKeys;
  readonly secrets: Secrets;
  readonly log: EventLog<LoggedEvent>;
  readonly signedTree: Pick<SignedTree, 'head'>;
  /** For so long both keys sign. */
  readonly overlapMs: number;
  readonly logger: Logger;
}

/**
 * A next key for the log, step by step; each look does what is due, in any replica. A crash leaves: after the secret, a key that
 * signs nothing, and the next look announces it; after the event, an announcement, and whoever integrates it signs with both; after the
 * first tree with it, the old seed, and a look after the overlap destroys it.
 */
export class LogKeyRotation {
  private readonly series: EventSeries<'LogKeyAnnounced'>;

  constructor(private readonly parts: LogKeyRotationParts) {
    this.series = new EventSeries(parts.log, logKeysStream, 'LogKeyAnnounced');
  }

  /** Announces what somebody put among the secrets, and clears away what is done. Answers what it did. */
  async look(): Promise<'announced' | 'destroyed' | undefined> {
    const { keys } = this.parts;
    const inForce = await this.inForce();
    if (inForce === undefined) return undefined;
    if (await this.destroyReplaced(inForce)) return 'destroyed';
    const next = keys.held.find(({ vkey }) => vkey !== inForce.vkey && !isAnnounced(keys, vkey));
    return next !== undefined && (await this.announce(inForce, next)) ? 'announced' : undefined;
  }

  /** A new one when the one in force is older. Not while the last change is under way. */
  async renew(olderThanMs: number): Promise<boolean> {
    const { keys, log, secrets } = this.parts;
    const inForce = await this.inForce();
    if (inForce === undefined) return false;
    if (await this.destroyReplaced(inForce)) await keys.readSecret();
    if (keys.held.length > 1) return false;
    const sinceMs = keys.announced.at(-1)?.announcedAtMs ?? (await this.firstEventMs());
    if (log.clock.nowMs() - sinceMs < olderThanMs) return false;
    // Lost to another replica: it has made the next.
    return secrets.replace(logKeySecret, keys.content, withNextSeed(keys.origin, keys.content, log.ids, keys.verifiers.map(({ keyId }) => keyId)));
  }

  /** The key that signs alone; undefined while two do, or while it is not ours. */
  private async inForce(): Promise<HeldKey | undefined> {
    const { keys, signedTree, log } = this.parts;
    await keys.readSecret();
    await keys.learn();
    const last = keys.announced.at(-1);
    const done = last === undefined || ((last.leafIndex ?? Infinity) < signedTree.head.size && log.clock.nowMs() >= last.change.bothUntilMs);
    return done ? keys.heldOf(keys.inForceAt(signedTree.head.size)) : undefined;
  }

  private async announce(key: HeldKey, next: HeldKey): Promise<boolean> {
    const { keys, log, overlapMs, logger } = this.parts;
    const nowMs = log.clock.nowMs();
    const change = signKeyChange({ vkey: key.vkey, nextVkey: next.vkey, bothUntilMs: nowMs + overlapMs }, key.signer, next.signer);
    const announced = await this.series.append({ type: 'LogKeyAnnounced', ...change, signature: Buffer.from(change.signature), possession: Buffer.from(change.possession) }, keys.revision, nowMs);
    if (announced) logger.warn({ vkey: key.vkey, nextVkey: next.vkey, bothUntil: new Date(change.bothUntilMs).toISOString() }, 'the log has a next key, announced in it');
    return announced;
  }

  private async destroyReplaced(inForce: HeldKey): Promise<boolean> {
    const { keys, secrets, logger } = this.parts;
    const kept = keys.held.filter(({ vkey }) => vkey === inForce.vkey || !isAnnounced(keys, vkey));
    if (kept.length === keys.held.length) return false;
    const destroyed = await secrets.replace(logKeySecret, keys.content, Buffer.concat(kept.map(({ seed }) => seed)));
    if (destroyed) logger.warn({ vkey: inForce.vkey }, "the log's key before this one signs nothing any more, and is destroyed");
    return destroyed;
  }

  /** Of an installation whose first key still signs: when it began. */
  private async firstEventMs(): Promise<number> {
    const { store, clock } = this.parts.log;
    const [first] = await store.readAll(0, 1);
    return first === undefined ? clock.nowMs() : (decodeEnvelope(first.bytes).occurredAt?.getTime() ?? 0);
  }
}

function isAnnounced(keys: SigningKeys, vkey: string): boolean {
  return keys.announced.some(({ change }) => change.vkey === vkey || change.nextVkey === vkey);
}
