import type { Model } from 'mongoose';
import { StoreFault, type Head, type Waiting } from '@tillid/eventsourcing';
import { commitDocument, headAfter, storedCommit, type CommitDocument } from './commit-document.js';
import { plainDuplicateKey, type DuplicateKey } from './duplicate-key.js';
import { isDatabaseError } from './faults.js';
import { Pace } from './pace.js';
import { answerKnown, cleared, countWhile, namesOf, pendingOf, type Pending } from './pending.js';
import { keysToLookUp, PlannedBatch, refusal } from './planned-batch.js';
import type { StoredCommits } from './stored-commits.js';
import type { StoredFacts } from './stored-facts.js';

export interface BatchWriterOptions {
  readonly model: Model<CommitDocument>;
  readonly facts: StoredFacts;
  readonly stored: StoredCommits;
  /** From a commit's arrival until it is given up. */
  readonly deadlineMs: number;
  readonly retryAfterMs: number;
  readonly at: (moment: AppendMoment) => void;
  readonly onRetry: (retry: AppendRetry) => void;
}

/**
 * What a crash leaves. before_insert: nothing of this try. after_insert: the commits before a refused one are stored,
 * or all of them, and nobody was told; a retry finds them by their commandIds.
 */
export type AppendMoment = 'before_insert' | 'after_insert';

/** Commits that have to be sent again, and why: another writer was first, something stored stood in the way, or no answer came. */
export interface AppendRetry {
  readonly reason: 'position_taken' | 'key_taken' | 'no_answer';
  readonly commits: number;
}

/**
 * Brings one batch after the other to its answers. Other processes write the same log at the same time; safety lies in
 * the unique indexes alone, so every step may be repeated at any time, by anyone: a commit takes the position right
 * after a commit known to be majority-durable, or collides.
 */
export class BatchWriter {
  /** Undefined: to be read. Never ahead of what a majority has: a position beyond the end would leave a hole no index sees. */
  #head: Head | undefined;
  /** Where another writer's commit was in the way. A head that is still before it is not yet durable everywhere. */
  #beatenAfter = -1;
  #lastStored: number | undefined;
  /** How often a key of this batch was taken already. */
  #keysTaken = 0;
  readonly #pace = new Pace();

  constructor(private readonly options: BatchWriterOptions) {}

  /** Resolves when every commit has its answer, with the last position stored, if any; rejects on a bug of ours. */
  async write(batch: readonly Waiting[]): Promise<number | undefined> {
    this.#lastStored = undefined;
    this.#keysTaken = 0;
    let pending: readonly Pending[] = batch.map(pendingOf);
    while (pending.length > 0) {
      const before = pending.length;
      try {
        pending = await this.#round(pending);
      } catch (error) {
        if (!isDatabaseError(error)) throw error;
        this.#noAnswer(pending, error);
      }
      if (pending.length < before) this.#pace.progress();
      pending = this.#withoutLate(pending);
      if (pending.length > 0) await this.#pace.recover();
    }
    // Everyone of this batch has its answer already.
    if (this.#lastStored !== undefined) await this.#pace.giveWay();
    return this.#lastStored;
  }

  async #round(pending: readonly Pending[]): Promise<readonly Pending[]> {
    const { facts, stored } = this.options;
    await stored.lookUp(keysToLookUp(pending.map(({ commit }) => commit), facts));
    return this.#insert(await this.#explain(pending));
  }

  /**
   * Answers what need not, or must not, be sent: commits that are stored already, and those at the front of the batch
   * that something stored stands in the way of. In order: a commit may count on its predecessor, so nothing is
   * refused while one before it is undecided.
   */
  async #explain(pending: readonly Pending[]): Promise<readonly Pending[]> {
    const { facts, stored } = this.options;
    const blocked = (each: Pending): boolean => each.refused || refusal(each.commit, facts) !== undefined;
    // Where one key was taken, so may others be: twice as many are looked up each time, not a round trip for each.
    const ahead = pending[0]?.refused ? 2 ** this.#keysTaken - 1 : 0;
    const front = new Set(pending.slice(0, Math.max(countWhile(pending, blocked), ahead)));
    const asked = pending.filter((each) => front.has(each) || each.unanswered);
    if (asked.length === 0) return pending;
    // A known command comes before any other answer, whatever index refused it: none is refused that was not asked for.
    const left = await this.#withoutKnown(pending, asked);
    const doubted = left.slice(0, countWhile(left, (each) => front.has(each) || (each.unanswered && blocked(each))));
    const { streams, values } = namesOf(doubted.map(({ commit }) => commit));
    await Promise.all([...streams.map((stream) => stored.lastRevision(stream)), ...values.map((value) => stored.lookUpHolding(value))]);
    const refused = countWhile(doubted, (each) => this.#refuse(each));
    // Refused, and nothing durable explains it: what was in the way may not last. It is sent again.
    if (doubted[refused]?.refused) this.#pace.setback();
    return cleared(left.slice(refused));
  }

  async #withoutKnown(pending: readonly Pending[], asked: readonly Pending[]): Promise<readonly Pending[]> {
    const found = await this.options.stored.findAll(asked.map(({ commit }) => commit.commandId));
    const byCommand = new Map(found.map((document) => [hex(document.c), document]));
    for (const document of found) this.options.facts.learn(document);
    const known = new Set<Pending>();
    for (const each of asked) {
      const document = byCommand.get(hex(each.commit.commandId));
      if (!document) continue;
      answerKnown(each, document);
      known.add(each);
    }
    return pending.filter((each) => !known.has(each));
  }

  #refuse({ commit, resolve }: Pending): boolean {
    const outcome = refusal(commit, this.options.facts);
    if (outcome) resolve(outcome);
    return outcome !== undefined;
  }

  /** One ordered insert of what passes. Returns what still has no answer. */
  async #insert(pending: readonly Pending[]): Promise<readonly Pending[]> {
    const { facts, at } = this.options;
    const before = pending.length > 0 ? await this.#knownHead() : undefined;
    const documents = before ? documentsOf(pending, new PlannedBatch(facts), before) : [];
    if (documents.length === 0) return pending;
    documents.forEach((document, index) => pending[index]!.tries.push(headAfter(document)));
    at('before_insert');
    const duplicate = await this.#pace.timed(() => this.#send(documents));
    at('after_insert');
    const stored = documents.slice(0, duplicate?.index ?? documents.length);
    // These are certainly not stored by this try: found there all the same, they are an equal call's of another process.
    for (const each of pending.slice(stored.length, documents.length)) each.tries.pop();
    stored.forEach((document, index) => {
      facts.learn(document);
      pending[index]!.resolve({ kind: 'appended', commit: storedCommit(document), repeated: false });
    });
    const last = stored.at(-1);
    if (last) {
      this.#head = headAfter(last);
      this.#lastStored = this.#head.position;
    }
    if (duplicate) this.#collided(pending[stored.length]!, duplicate, documents.length - stored.length);
    return pending.slice(stored.length);
  }

  async #knownHead(): Promise<Head> {
    if (this.#head) return this.#head;
    const head = await this.options.stored.head();
    // What was in the way is seen by the index and not yet by a majority.
    if (head.position <= this.#beatenAfter) this.#pace.setback();
    return (this.#head = head);
  }

  async #send(documents: readonly CommitDocument[]): Promise<DuplicateKey | undefined> {
    try {
      await this.options.model.insertMany(documents, { ordered: true, lean: true, rawResult: true });
      return undefined;
    } catch (error) {
      const duplicate = plainDuplicateKey(error);
      if (!duplicate) throw error;
      return duplicate;
    }
  }

  /** Another writer's commit has the position: go behind it, at once. Anything else is looked up. */
  #collided(commit: Pending, { field }: DuplicateKey, commits: number): void {
    if (field === '_id') {
      this.#beatenAfter = this.#head!.position;
      this.#pace.otherMet();
    } else {
      commit.refused = true;
      this.#keysTaken += 1;
    }
    const keyIsKnown = field === 's' || field === 'u' || field === 'r' || field === 'c';
    if (!keyIsKnown) this.#head = undefined;
    this.options.onRetry({ reason: field === '_id' ? 'position_taken' : 'key_taken', commits });
  }

  /** No answer proves nothing, in either direction: what was sent may be stored, now or in a while. */
  #noAnswer(pending: readonly Pending[], cause: unknown): void {
    this.#head = undefined;
    this.#pace.setback();
    for (const each of pending) if (each.tries.length > 0) Object.assign(each, { unanswered: true, lost: cause });
    this.options.onRetry({ reason: 'no_answer', commits: pending.length });
  }

  #withoutLate(pending: readonly Pending[]): readonly Pending[] {
    const now = performance.now();
    return pending.filter(({ sinceMs, lost, resolve, reject }) => {
      if (now - sinceMs < this.options.deadlineMs) return true;
      if (lost === undefined) resolve({ kind: 'full', retryAfterMs: this.options.retryAfterMs });
      else reject(new StoreFault('the log could not say in time whether the commit was stored', { cause: lost }));
      return false;
    });
  }
}

function documentsOf(pending: readonly Pending[], view: PlannedBatch, before: Head): readonly CommitDocument[] {
  const documents: CommitDocument[] = [];
  let head = before;
  for (const { commit } of pending) {
    // It waits for its turn: most likely a commit before it in this very batch is in its way.
    if (refusal(commit, view)) break;
    const document = commitDocument(commit, view.add(commit), head);
    documents.push(document);
    head = headAfter(document);
  }
  return documents;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
