import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ActorKind, Event, SourceKeyAnnounced, type SignedHead } from '@tillid/contracts/event/v1/event';
import { emptyChain, keySuccessionText, nextChain, signedHeadText } from '@tillid/eventsourcing';
import { InMemoryLog, noteSigner, vkeyOf } from '@tillid/transparency';

export const noon = Date.UTC(2026, 5, 1, 12);
const origin = 'tillid.example/record';
export const logSeed = Buffer.alloc(32, 7);
export const vkey = vkeyOf(origin, logSeed);

/** One service's own log, as it would feed it: its events, its key, its heads. */
export class Source {
  readonly events: Buffer[] = [];
  /** The one in force now. */
  publicKey!: Buffer;
  readonly #keys: { readonly from: number; readonly privateKey: KeyObject }[] = [];
  readonly #revisions = new Map<string, number>();

  constructor(readonly source: string) {
    this.announceKey();
  }

  /** A new key, vouched for by the one before, as the service announces it. */
  announceKey(): Buffer {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
    const before = this.#keys.at(-1)?.privateKey;
    const signature = before ? sign(null, keySuccessionText(this.source, this.publicKey, raw), before) : Buffer.alloc(0);
    this.publicKey = raw;
    this.#keys.push({ from: this.events.length + 1, privateKey });
    return this.write('source-keys', 'tillid.event.v1.SourceKeyAnnounced', SourceKeyAnnounced.encode({ source: this.source, publicKey: raw, signature }).finish());
  }

  write(stream: string, type: string, data: Uint8Array): Buffer {
    const revision = (this.#revisions.get(stream) ?? 0) + 1;
    this.#revisions.set(stream, revision);
    const hash = (what: string) => createHash('sha256').update(`${this.source} ${stream} ${revision} ${what}`).digest().subarray(0, 16);
    const bytes = Buffer.from(Event.encode(Event.fromPartial({
      id: hash('id'), salt: hash('salt'), source: this.source, type, schemaRevision: 1, stream, revision,
      occurredAt: new Date(noon + this.events.length), actor: { kind: ActorKind.SYSTEM, id: 'spec' },
      data: Buffer.from(data), commandId: hash('command'), commitIndex: 0, commitSize: 1,
    })).finish());
    this.events.push(bytes);
    return bytes;
  }

  head(timeMs: number, position = this.events.length): SignedHead {
    const chain = this.events.slice(0, position).reduce<Uint8Array>((before, event) => nextChain(before, event), emptyChain);
    const head = { source: this.source, position, chain: Buffer.from(chain), timeMs };
    return { ...head, signature: sign(null, signedHeadText(head), this.#keys.findLast(({ from }) => from <= position)!.privateKey) };
  }
}

export interface WorkingDay {
  readonly sources: readonly [Source, Source, Source];
  /** The entries of the ledger, in order. */
  readonly leaves: Buffer[];
}

/** Two services and audit: 600 events, mixed as they came, a HeadsSeen after every hundred. */
export function workingDay(): WorkingDay {
  const [consent, identity, audit] = ['consent/0', 'identity/0', 'audit/0'].map((name) => new Source(name)) as [Source, Source, Source];
  const sources = [consent, identity, audit] as const;
  const leaves = sources.map(({ events }) => events[0]!);
  for (let count = 1; count <= 600; count++) {
    const source = count % 3 === 0 ? identity : consent;
    leaves.push(source.write(`thing-${count % 40}`, 'tillid.spec.v1.SomethingHappened', Buffer.from(`${count}`)));
    if (count % 100 !== 0) continue;
    const timeMs = noon + count * 10;
    leaves.push(audit.write('heads-seen', 'tillid.audit.v1.HeadsSeen', HeadsSeen.encode({ timeMs, heads: sources.map((each) => each.head(timeMs)) }).finish()));
  }
  return { sources, leaves };
}

/** The log of these entries, signed as audit signs it, growing in the given steps and keeping every partial tile. */
export function logOf(leaves: readonly Uint8Array[], seed = logSeed, steps = [300]): InMemoryLog {
  const log = new InMemoryLog(noteSigner(origin, seed));
  for (const end of [...steps, leaves.length]) log.append(leaves.slice(log.edge.size, end), true);
  return log;
}

/** The log as files. */
export class LogOnDisk {
  private constructor(readonly folder: string) {}

  static async write(log: InMemoryLog): Promise<LogOnDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'tillid-auditor-'));
    for (const [path, bytes] of log.files) {
      await mkdir(dirname(join(folder, 'log', path)), { recursive: true });
      await writeFile(join(folder, 'log', path), bytes);
    }
    await writeFile(join(folder, 'log.vkey'), `${vkey}\n`);
    return new LogOnDisk(folder);
  }

  get log(): string {
    return join(this.folder, 'log');
  }
  get vkey(): string {
    return join(this.folder, 'log.vkey');
  }
  async copy(): Promise<LogOnDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'tillid-auditor-'));
    await cp(this.folder, folder, { recursive: true });
    return new LogOnDisk(folder);
  }
  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}
