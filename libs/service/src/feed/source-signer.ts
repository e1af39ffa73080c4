import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, parseSecret, SecretRefused, sourceKeysFrom, withNewSourceKey, type Secrets, type SourceKey } from '@tillid/crypto';
import { decodeEnvelope, KeysInForce, sourceKeysStream, type EventStore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import { announceKey } from './announce-key.js';

export interface SourceSignerParts {
  readonly source: string;
  readonly store: EventStore;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly ids: Ids;
}

const secretName = 'source.key';

/**
 * Signs this source's heads. Which key signs a head follows from its position alone: the last one the log announces at or
 * before it. So there is no time of two keys: replicas that read the same log sign alike, however late they hear of a
 * new key, and who has one that was replaced can sign nothing beyond the announcement of the next. The old keys stay
 * among the secrets to sign for those who read the log from before it.
 */
export class SourceSigner {
  private readonly inForce: KeysInForce;
  private held = new Map<string, SourceKey>();
  /** Of the stream of announcements: how many events of it are known, and when the last of them happened. */
  private revision = 0;
  private announcedAtMs = 0;
  /** Every announcement up to this position is known. */
  private knownTo = 0;

  private constructor(private readonly parts: SourceSignerParts) {
    this.inForce = new KeysInForce(parts.source);
  }

  /** At start. The first key is announced as the log's very first event, so that whoever follows from the beginning knows it. */
  static async open(parts: SourceSignerParts): Promise<SourceSigner> {
    const signer = new SourceSigner(parts);
    await signer.readSecret();
    if ((await parts.store.head()).position === 0) await signer.announceFirst();
    await signer.learnUpTo((await parts.store.head()).position);
    // A log that announces a key we do not have is not ours to sign: stop.
    await signer.keyAt(signer.knownTo);
    return signer;
  }

  /** A head of what the caller has read from the log, or from its own append. */
  async sign(position: number, chain: Uint8Array, timeMs = this.parts.clock.nowMs()): Promise<SignedHead> {
    return (await this.keyAt(position)).sign({ source: this.parts.source, position, chain, timeMs });
  }

  async publicKeyAt(position: number): Promise<Buffer> {
    return (await this.keyAt(position)).publicKey;
  }

  /**
   * Every so often, in any replica: a new key when the one in force is older. True when there is a new one. A crash
   * between the secret and the event leaves a key that signs nothing; the next look announces it.
   */
  async renew(olderThanMs: number): Promise<boolean> {
    const { clock, secrets, source, store } = this.parts;
    await this.learnUpTo((await store.head()).position);
    const content = await this.readSecret();
    let next = this.keyNotAnnounced();
    if (!next) {
      if (clock.nowMs() - this.announcedAtMs < olderThanMs) return false;
      // Lost to another replica: then it announces the key it made.
      if (!(await secrets.replace(secretName, content, withNewSourceKey(content)))) return false;
      await this.readSecret();
      next = this.keyNotAnnounced()!;
    }
    const signature = (await this.keyAt(this.knownTo)).vouchFor(source, next.publicKey);
    const outcome = await announceKey(this.parts, { source, publicKey: next.publicKey, signature, afterRevision: this.revision });
    if (outcome.kind === 'conflict') return false;
    if (outcome.kind !== 'appended') throw new Error(`the source's next key could not be announced: ${outcome.kind}`);
    return !outcome.repeated;
  }

  private async announceFirst(): Promise<void> {
    const { source } = this.parts;
    const [first] = this.held.values();
    const outcome = await announceKey(this.parts, { source, publicKey: first!.publicKey, signature: Buffer.alloc(0), afterRevision: 0 });
    if (outcome.kind !== 'appended') throw new Error(`the source's key could not be announced: ${outcome.kind}`);
  }

  private async keyAt(position: number): Promise<SourceKey> {
    await this.learnUpTo(position);
    const publicKey = this.inForce.at(position);
    const name = Buffer.from(publicKey ?? []).toString('hex');
    // Another replica announced it; it was among the secrets before it was in the log.
    if (publicKey && !this.held.has(name)) await this.readSecret();
    const key = this.held.get(name);
    if (!key) throw new SecretRefused(`the log of ${this.parts.source} announces another key for position ${position} than the secret ${secretName} has`);
    return key;
  }

  /** Whoever has read up to a position can read all announcements before it: position is the order of visibility. */
  private async learnUpTo(position: number): Promise<void> {
    if (position <= this.knownTo) return;
    for (const { revision, position: at, bytes } of await this.parts.store.readStream(sourceKeysStream, this.revision)) {
      if (revision <= this.revision) continue;
      this.revision = revision;
      if (this.inForce.event(at, bytes)) this.announcedAtMs = decodeEnvelope(bytes).occurredAt?.getTime() ?? 0;
    }
    this.knownTo = Math.max(this.knownTo, position);
  }

  private keyNotAnnounced(): SourceKey | undefined {
    const known = new Set(this.inForce.all().map((key) => Buffer.from(key).toString('hex')));
    return [...this.held].find(([name]) => !known.has(name))?.[1];
  }

  private async readSecret(): Promise<Buffer> {
    const content = await this.parts.secrets.open(secretName, newSourceKeyFile);
    this.held = new Map(parseSecret(secretName, content, sourceKeysFrom).map((key) => [key.publicKey.toString('hex'), key]));
    return content;
  }
}
