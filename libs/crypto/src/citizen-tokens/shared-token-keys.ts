import type { Clock, Ids } from '@tillid/kernel';
import { errors, type JSONWebKeySet } from 'jose';
import { parseSecret, type Secrets } from '../service-secrets/secrets.js';
import { decodeTokenKeys, encodeTokenKeys, publicTokenKeys, rotateTokenKeys, signsAt, type TokenKey } from './signing-keys.js';
import { localTokenKeys, type TokenKeySource } from './verify.js';

const secretName = 'token-keys.json';
/** Replicas take turns at replacing: each lost turn means that another one went on. */
const turnsMax = 10;
/** Between two looks at what others may have made since, whoever asks and however often. */
const lookAgainMs = 1000;

/**
 * The keys that sign citizens' tokens, one set for all replicas of authentication. A key is known to all a day before it
 * signs, if they look every few minutes; whoever missed it looks again when it meets it, or is asked for the key set.
 */
export class SharedTokenKeys {
  private held: readonly TokenKey[] = [];
  private content: Buffer | undefined;
  private local: TokenKeySource = localTokenKeys({ keys: [] });
  private lookedAtMs = -Infinity;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly secrets: Secrets,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** At start, and every so often: knows what the other replicas made, and makes the next key when it is time. */
  async tend(): Promise<void> {
    const { clock, ids, secrets } = this;
    for (let turn = 0; turn < turnsMax; turn++) {
      this.hold(await secrets.open(secretName, () => encodeTokenKeys(rotateTokenKeys([], clock.nowMs(), ids))));
      const rotated = rotateTokenKeys(this.held, clock.nowMs(), ids);
      if (rotated === this.held) return;
      const content = encodeTokenKeys(rotated);
      // Kept before it is used: a key that signed and was forgotten would end every session it opened.
      if (await secrets.replace(secretName, this.content!, content)) return this.hold(content);
    }
    throw new Error('the keys of tokens were changed by others each time they were to be changed here');
  }

  /** What can sign a token as of an instant. */
  async forSigning(atMs: number): Promise<readonly TokenKey[]> {
    // A process that slept for weeks may hold keys whose time is over.
    if (!signsAt(this.held, atMs)) await this.tend();
    return this.held;
  }

  /** For the key set: a second old at most, or what is held while the secrets are away. */
  async published(): Promise<JSONWebKeySet> {
    await this.lookAgain().catch(() => undefined);
    return publicTokenKeys(this.held);
  }

  /** For verifyCitizenToken. A key that is not known may be one that another replica made. */
  readonly source: TokenKeySource = async (header, token) => {
    try {
      return await this.local(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.lookAgain();
      return this.local(header, token);
    }
  };

  /** Once for all who ask at the same time, and once a second: invented key ids cost no more than that. */
  private lookAgain(): Promise<void> {
    if (Math.abs(this.clock.nowMs() - this.lookedAtMs) < lookAgainMs) return this.looking ?? Promise.resolve();
    this.lookedAtMs = this.clock.nowMs();
    return (this.looking ??= this.look().finally(() => (this.looking = undefined)));
  }

  private async look(): Promise<void> {
    const content = await this.secrets.read(secretName);
    if (content) this.hold(content);
  }

  private hold(content: Buffer): void {
    if (this.content?.equals(content)) return;
    this.held = parseSecret(secretName, content, decodeTokenKeys);
    this.content = content;
    this.local = localTokenKeys(publicTokenKeys(this.held));
  }
}
