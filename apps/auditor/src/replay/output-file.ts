import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { CouldNotLook } from '../could-not-look.js';
import { readState, saveState } from '../saved-state.js';

/** What was begun: a run that goes on must do the same, over the same tree. */
export interface Begun {
  /** What was asked for, of which log, in a text that is the same for the same. */
  readonly question: string;
  /** The signed checkpoint of the tree that is replayed. */
  readonly checkpoint: string;
  /** The replay is recorded once under it, however often it is gone on with. */
  readonly idempotencyKey: string;
}

/** Where to go on: nothing that comes before this leaf is still to be written. */
export interface Place {
  readonly leaf: number;
  /** Audit's own name for the place, where it chooses what to send. */
  readonly token?: string | undefined;
}

const saved = z.object({
  question: z.string(), checkpoint: z.string(), idempotencyKey: z.string(),
  bytes: z.number().int().min(0), entries: z.number().int().min(0), sha256: z.string(),
  place: z.object({ leaf: z.number().int().min(0), token: z.string().optional() }).optional(),
});
type Saved = z.infer<typeof saved>;
const nothing = { bytes: 0, entries: 0, sha256: createHash('sha256').digest('base64') };

const saveEveryMs = 1000;
const flushBytes = 256 * 1024;

/**
 * A file of lines that a run killed at any moment leaves to the next. Beside it `<file>.state` says how much of the file
 * is whole and where that ends; it is saved, at most once a second, after the file is durable that far. A crash leaves
 * lines, or half of one, beyond that: the next run cuts them off and writes them again.
 */
export class OutputFile {
  #waiting: string[] = [];
  #waitingBytes = 0;
  #savedAtMs = performance.now();

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly hash: ReturnType<typeof createHash>,
    private state: Saved,
  ) {}

  /**
   * Goes on with the file, or begins it (with what `begin` answers) where there is none. Throws CouldNotLook for a file
   * that was begun with another question, is not what was written, or is not ours.
   */
  static async open(path: string, question: string, begin: () => Promise<Omit<Begun, 'question'>>): Promise<OutputFile> {
    const size = await stat(path).then((found) => found.size, () => undefined);
    const hash = createHash('sha256');
    const begunBefore = size === undefined ? undefined : await readState(stateOf(path));
    if (size === undefined || (size === 0 && !begunBefore)) {
      const state = { ...(await begin()), question, ...nothing };
      await saveState(stateOf(path), asText(state), fileMode);
      return new OutputFile(path, await opened(path, 'w'), hash, state);
    }
    const state = parsed(path, begunBefore);
    if (state.question !== question) throw new CouldNotLook(`${path} was begun with other options, or over another log: ${state.question}`);
    if (state.bytes > 0) for await (const part of createReadStream(path, { end: state.bytes - 1 })) hash.update(part as Buffer);
    if (size < state.bytes || hash.copy().digest('base64') !== state.sha256) throw new CouldNotLook(`${path} is not what was written to it: remove it, and it is written anew`);
    const file = await opened(path, 'r+');
    await file.truncate(state.bytes);
    return new OutputFile(path, file, hash, state);
  }

  get begun(): Begun {
    return this.state;
  }

  /** Of an earlier run; undefined when nothing of it is left. */
  get place(): Place | undefined {
    return this.state.place;
  }

  /** Lines in the file, those of earlier runs included, as of the last mark. */
  get entries(): number {
    return this.state.entries;
  }

  async write(line: string): Promise<void> {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes >= flushBytes) await this.#flush();
  }

  /** All that was written so far is what comes before this place. Durable within a second, or `now`. */
  async mark(place: Place, now = false): Promise<void> {
    if (!now && performance.now() - this.#savedAtMs < saveEveryMs) return;
    await this.#flush();
    await this.file.datasync();
    this.state = { ...this.state, sha256: this.hash.copy().digest('base64'), place };
    await saveState(stateOf(this.path), asText(this.state), fileMode);
    this.#savedAtMs = performance.now();
  }

  /** The next run writes it from its first line on. */
  async startOver(): Promise<void> {
    const { question, checkpoint, idempotencyKey } = this.state;
    await saveState(stateOf(this.path), asText({ question, checkpoint, idempotencyKey, ...nothing }), fileMode);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.from(this.#waiting.join(''));
    try {
      for (let written = 0; written < bytes.length; ) written += (await this.file.write(bytes, written, bytes.length - written, this.state.bytes + written)).bytesWritten;
    } catch (error) {
      throw new CouldNotLook(`${this.path} cannot be written`, { cause: error });
    }
    this.hash.update(bytes);
    this.state = { ...this.state, bytes: this.state.bytes + bytes.length, entries: this.state.entries + this.#waiting.length };
    [this.#waiting, this.#waitingBytes] = [[], 0];
  }
}

/** Entries are for auditors. */
const fileMode = 0o600;

function stateOf(path: string): string {
  return `${path}.state`;
}

function asText(state: Saved): string {
  return `${JSON.stringify(state)}\n`;
}

function parsed(path: string, found: { readonly text: string } | undefined): Saved {
  if (found === undefined) throw new CouldNotLook(`${path} is there, and no ${stateOf(path)} says what of: name another file, or remove it`);
  try {
    return saved.parse(JSON.parse(found.text));
  } catch (error) {
    throw new CouldNotLook(`${stateOf(path)} is no state of a replay`, { cause: error });
  }
}

async function opened(path: string, how: 'w' | 'r+'): Promise<FileHandle> {
  try {
    return await open(path, how, fileMode);
  } catch (error) {
    throw new CouldNotLook(`${path} cannot be written`, { cause: error });
  }
}
