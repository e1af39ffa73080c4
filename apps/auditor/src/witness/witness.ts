import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { distinctKeys, formatSignature, isSameKey, openCheckpoint, parseCheckpoint, parseNote, type AddCheckpoint, type LogKeys, type NoteSigner, type NoteVerifier } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { readState, saveState } from '../saved-state.js';
import { decide, seenNothing, type Decision, type Seen } from './cosign.js';

export type Answer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  | Exclude<Decision, { readonly kind: 'cosign' }>
  | { readonly kind: 'unknown_origin' | 'busy' };

/** Requests of one log that may wait for the one before: each is a few milliseconds of fsync. */
const waitingMax = 32;

interface Origin {
  readonly keys: readonly LogKeys[];
  readonly file: string;
  /** Undefined until it is read; then what the file says, always. */
  seen: Seen | undefined;
  /** The note cosigned last, with the cosignature. */
  note: string | undefined;
  /** Two signed notes of one size, as JSON; the first such pair is enough. */
  fork: string | undefined;
  turn: Promise<unknown>;
  waiting: number;
}

/** A note has room for sixteen lines, and ours is one. */
const ownSignaturesMax = 8;

function keysOf({ keys }: Origin): readonly NoteVerifier[] {
  return distinctKeys(keys.flatMap(({ all }) => all));
}

/** Only the log's own are kept with ours, one a key: what else came along was checked by nobody. */
function ownSignatures(origin: Origin, note: string): string {
  const { signatures } = parseNote(note);
  const own = keysOf(origin).flatMap((key) => signatures.filter((signature) => isSameKey(key, signature)).slice(0, 1));
  return own.slice(0, ownSignaturesMax).map(formatSignature).join('');
}

/**
 * A witness: cosigns a log's checkpoint when it continues the last one it cosigned. One at a time per log, and what it
 * is about to say is on disk before it says it: a crash leaves a state that is at most ahead of what anyone holds, and
 * the log is told its size (409).
 */
export class Witness {
  readonly #origins = new Map<string, Origin>();
  readonly #byHash = new Map<string, Origin>();

  constructor(folder: string, private readonly signer: NoteSigner, logs: readonly LogKeys[]) {
    for (const { name } of logs) {
      if (this.#origins.has(name)) continue;
      const hash = createHash('sha256').update(name).digest('hex');
      const origin: Origin = { keys: logs.filter((key) => key.name === name), file: join(folder, `${hash}.checkpoint`), seen: undefined, note: undefined, fork: undefined, turn: Promise.resolve(), waiting: 0 };
      this.#origins.set(name, origin);
      this.#byHash.set(hash, origin);
    }
  }

  /** Reads what was cosigned before; throws when it cannot be trusted, for then a fork could not be told. */
  async open(): Promise<void> {
    for (const origin of this.#origins.values()) await this.#load(origin);
  }

  async add(request: AddCheckpoint): Promise<Answer> {
    const origin = this.#origins.get(parseCheckpoint(parseNote(request.checkpoint).text).origin);
    if (origin === undefined) return { kind: 'unknown_origin' };
    if (origin.waiting >= waitingMax) return { kind: 'busy' };
    origin.waiting += 1;
    const answer = origin.turn.then(() => this.#addInTurn(origin, request)).finally(() => (origin.waiting -= 1));
    origin.turn = answer.catch(() => undefined);
    return answer;
  }

  /** The checkpoint cosigned last of the log whose origin has this SHA-256, in hex. */
  latest(originHash: string): string | undefined {
    return this.#byHash.get(originHash)?.note;
  }

  /** Proof that this log signed two trees of one size, when it was shown it. */
  fork(originHash: string): string | undefined {
    return this.#byHash.get(originHash)?.fork;
  }

  async #addInTurn(origin: Origin, request: AddCheckpoint): Promise<Answer> {
    // After a write that failed nobody knows what the disk holds: it is read again.
    if (origin.seen === undefined) await this.#load(origin);
    const decision = decide(request, origin.keys, origin.seen ?? seenNothing);
    const own = ownSignatures(origin, request.checkpoint);
    if (decision.kind === 'forked') await this.#keepFork(origin, `${decision.text}\n${own}`);
    if (decision.kind !== 'cosign') return decision;
    const { text, checkpoint } = decision;
    const lines = formatSignature({ name: this.signer.name, keyId: this.signer.keyId, signature: this.signer.sign(Buffer.from(text, 'utf8')) });
    const note = `${text}\n${own}${lines}`;
    origin.seen = undefined;
    await saveState(origin.file, note);
    origin.seen = { size: checkpoint.size, root: checkpoint.root };
    origin.note = note;
    return { kind: 'cosigned', lines };
  }

  async #keepFork(origin: Origin, second: string): Promise<void> {
    if (origin.fork !== undefined) return;
    const fork = `${JSON.stringify([origin.note, second])}\n`;
    await saveState(forkFile(origin), fork);
    origin.fork = fork;
  }

  async #load(origin: Origin): Promise<void> {
    origin.fork = (await readState(forkFile(origin)))?.text;
    const note = (await readState(origin.file))?.text;
    if (note === undefined) {
      origin.seen = seenNothing;
      return;
    }
    try {
      const { size, root } = openCheckpoint(note, keysOf(origin));
      origin.seen = { size, root };
      origin.note = note;
    } catch (error) {
      throw new CouldNotLook(`${origin.file} is no checkpoint of a key this witness knows`, { cause: error });
    }
  }
}

function forkFile({ file }: Origin): string {
  return file.replace(/\.checkpoint$/, '.fork');
}
