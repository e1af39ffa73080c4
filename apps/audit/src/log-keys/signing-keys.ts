import { announcedLogKey, decodeEnvelope, logKeysStream, type EventStore } from '@tillid/eventsourcing';
import type { Clock, Ids } from '@tillid/kernel';
import type { Secrets } from '@tillid/crypto';
import { distinctKeys, openKeyChange, type KeyChange, type NoteVerifier, type OpenedKeyChange } from '@tillid/transparency';
import { WillNotSign } from '../domain/audit.refusals.js';
import { publishedVkey, publishVkey } from '../integrate/signing-key.js';
import { heldKeys, openLogKeySeeds, type HeldKey } from './log-key-seeds.js';
import type { TreeKeys, TreeSigners } from './tree-keys.js';

export interface SigningKeysParts {
  readonly origin: string;
  /** Audit's own. */
  readonly source: string;
  readonly secrets: Secrets;
  readonly ids: Ids;
  /** Audit's own log, where keys are announced. */
  readonly events: Pick<EventStore, 'readStream'>;
  readonly ledger: Pick<EventStore, 'readStream'>;
  readonly clock: Clock;
  /** Where the key in force is published. */
  readonly vkeyFile: string;
}

/** One key named the next. */
export interface AnnouncedKey extends OpenedKeyChange {
  readonly change: KeyChange;
  readonly announcedAtMs: number;
  /** Undefined while it is not in the ledger. */
  readonly leafIndex: number | undefined;
}

/**
 * The log's keys. Which of them signs a tree follows from its size: the last one named in it. So every replica signs alike,
 * however late it hears of a new key; until a time that the announcement says, and in any case for the first tree that has it, the
 * key before signs too. The next key is among the secrets before it is announced: a replica that lacks it stops, and signs nothing.
 */
export class SigningKeys implements TreeKeys {
  #held: readonly HeldKey[] = [];
  #content: Buffer = Buffer.alloc(0);
  #announced: readonly (AnnouncedKey & { readonly position: number })[] = [];
  #revision = 0;
  #published: string | undefined;

  private constructor(private readonly parts: SigningKeysParts) {}

  /** What is announced is learned later: audit's own log may have to be put back first. */
  static async open(parts: SigningKeysParts): Promise<SigningKeys> {
    const keys = new SigningKeys(parts);
    await keys.readSecret();
    return keys;
  }

  /** The log's name. */
  get origin(): string {
    return this.parts.origin;
  }

  get verifiers(): readonly NoteVerifier[] {
    return distinctKeys([...this.#held.map(({ verifier }) => verifier), ...this.#announced.flatMap(({ key, next }) => [key, next])]);
  }

  /** Those in the secret, oldest first. */
  get held(): readonly HeldKey[] {
    return this.#held;
  }

  get content(): Buffer {
    return this.#content;
  }

  /** In order; each by the key that the one before named. */
  get announced(): readonly AnnouncedKey[] {
    return this.#announced;
  }

  /** How many events of the stream they are made from. */
  get revision(): number {
    return this.#revision;
  }

  async readSecret(): Promise<void> {
    const { origin, secrets, ids } = this.parts;
    this.#content = await openLogKeySeeds(secrets, ids);
    this.#held = heldKeys(origin, this.#content);
  }

  /** Whoever has read a leaf of the ledger can read the event of it in audit's own log. */
  async learn(): Promise<void> {
    const { events, ledger, source } = this.parts;
    for (const { revision, position, bytes } of await events.readStream(logKeysStream, this.#revision)) {
      if (revision <= this.#revision) continue;
      this.#revision = revision;
      const envelope = decodeEnvelope(bytes);
      const change = announcedLogKey(envelope);
      const inForce = this.#announced.at(-1)?.change.nextVkey ?? change?.vkey;
      if (change?.vkey === inForce && change) this.#announced = [...this.#announced, { ...openKeyChange(change), change, announcedAtMs: envelope.occurredAt?.getTime() ?? 0, leafIndex: undefined, position }];
    }
    for (const waiting of this.#announced.filter(({ leafIndex }) => leafIndex === undefined)) {
      const [entry] = await ledger.readStream(source, waiting.position - 1, 1);
      if (entry) this.#announced = this.#announced.map((each) => (each === waiting ? { ...each, leafIndex: entry.position - 1 } : each));
    }
  }

  /** At start: what was published first is a key of this log still. */
  async requirePublished(): Promise<void> {
    await this.learn();
    await publishVkey(this.parts.vkeyFile, (await publishedVkey(this.parts.vkeyFile)) ?? this.inForceAt(0), this.everyVkey());
  }

  async signersOf(size: number, signedSize: number): Promise<TreeSigners> {
    await this.learn();
    const named = this.#announced.filter(({ leafIndex = Infinity }) => leafIndex < size);
    const fresh = named.filter(({ leafIndex = Infinity }) => leafIndex >= signedSize);
    const beside = named.filter((each) => fresh.includes(each) || (this.parts.clock.nowMs() < each.change.bothUntilMs && this.heldOf(each.change.vkey) !== undefined));
    const wanted = [...new Set([...beside.map(({ change }) => change.vkey), this.inForceAt(size)])];
    if (wanted.some((vkey) => this.heldOf(vkey) === undefined)) await this.readSecret();
    const signers = wanted.map((vkey) => {
      const key = this.heldOf(vkey);
      if (key === undefined) throw new WillNotSign('log.key_missing', { cause: new Error(vkey) });
      return key.signer;
    });
    return { signers, changedAt: fresh.map(({ leafIndex }) => leafIndex!) };
  }

  async signed(size: number): Promise<void> {
    const vkey = this.inForceAt(size);
    if (vkey !== this.#published) await publishVkey(this.parts.vkeyFile, vkey, this.everyVkey());
    this.#published = vkey;
  }

  /** The vkey of the key that signs a tree of so many leaves. */
  inForceAt(size: number): string {
    return this.#announced.findLast(({ leafIndex = Infinity }) => leafIndex < size)?.change.nextVkey ?? this.#announced[0]?.change.vkey ?? this.#held[0]!.vkey;
  }

  heldOf(vkey: string): HeldKey | undefined {
    return this.#held.find((key) => key.vkey === vkey);
  }

  /** Announced or held. */
  everyVkey(): readonly string[] {
    return [...this.#held.map(({ vkey }) => vkey), ...this.#announced.flatMap(({ change }) => [change.vkey, change.nextVkey])];
  }
}
