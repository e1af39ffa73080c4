import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTlsIdentity, type TlsIdentity } from './credentials.js';
import { whyNotUsable } from './usable-tls-identity.js';

export interface LiveTlsIdentityOptions {
  /** Between two looks at the folder. By looking, and not by being told: what mounts secrets swaps whole folders. */
  readonly everyMs?: number;
  readonly onRenewed?: () => void;
  /** New content that cannot be used, once for each; what was there before goes on. */
  readonly onRefused?: (reason: string) => void;
}

const everyMsDefault = 3000;

/** A TlsIdentity that follows its folder: a renewed certificate, or authority, is used from the next connection on. */
export class LiveTlsIdentity implements TlsIdentity {
  private current: TlsIdentity;
  private readonly listeners = new Set<() => void>();
  private readonly timer: NodeJS.Timeout;
  /** What the last look found and could not use. A file that is just being written is whole at the next look. */
  private unusable: { readonly found: string; told: boolean } | undefined;

  /** Throws when there is nothing to begin with. */
  constructor(
    private readonly folder: string,
    private readonly options: LiveTlsIdentityOptions = {},
  ) {
    this.current = readTlsIdentity(folder);
    this.timer = setInterval(() => void this.look(), options.everyMs ?? everyMsDefault).unref();
  }

  get key(): Buffer {
    return this.current.key;
  }
  get cert(): Buffer {
    return this.current.cert;
  }
  get ca(): Buffer {
    return this.current.ca;
  }

  onRenewed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Takes over what is new in the folder and can be used. */
  async look(nowMs = Date.now()): Promise<void> {
    const found = await this.read();
    if (typeof found !== 'string' && same(found, this.current)) {
      this.unusable = undefined;
      return;
    }
    const reason = typeof found === 'string' ? found : whyNotUsable(found, this.current, nowMs);
    if (reason === undefined) this.take(found as TlsIdentity);
    else this.refuse(reason, typeof found === 'string' ? found : `${contentOf(found)}\n${reason}`);
  }

  close(): void {
    clearInterval(this.timer);
    this.listeners.clear();
  }

  private take(found: TlsIdentity): void {
    this.current = found;
    this.unusable = undefined;
    for (const listener of this.listeners) listener();
    this.options.onRenewed?.();
  }

  private refuse(reason: string, found: string): void {
    if (this.unusable?.found !== found) {
      this.unusable = { found, told: false };
      return;
    }
    if (!this.unusable.told) this.options.onRefused?.(reason);
    this.unusable.told = true;
  }

  private async read(): Promise<TlsIdentity | string> {
    try {
      const [key, cert, ca] = await Promise.all(['key.pem', 'cert.pem', 'ca.pem'].map((file) => readFile(join(this.folder, file))));
      return { key: key!, cert: cert!, ca: ca! };
    } catch (error) {
      return `the folder cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no reason given'}`;
    }
  }
}

function same(one: TlsIdentity, other: TlsIdentity): boolean {
  return one.key.equals(other.key) && one.cert.equals(other.cert) && one.ca.equals(other.ca);
}

/** Told apart by what is public; the key is not kept in a text. */
function contentOf({ cert, ca }: TlsIdentity): string {
  return `${cert.toString('latin1')}\n${ca.toString('latin1')}`;
}
