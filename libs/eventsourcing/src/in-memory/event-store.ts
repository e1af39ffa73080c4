import { emptyChain, nextChain } from '../chain.js';
import { checkCommitShape } from '../commit-shape.js';
import { sameFingerprint } from '../lost-tail.js';
import { limits, StoreFault, type AppendOutcome, type Commit, type EventStore, type StoredCommit, type StreamEvent } from '../event-store.js';

interface Holding {
  generation: number;
  held: boolean;
}

/** The port as plainly as it can be written: one array, four maps, no queue. The oracle of the contract suite. */
export function inMemoryEventStore(): EventStore {
  const log: Uint8Array[] = [];
  const streams = new Map<string, StreamEvent[]>();
  const commits = new Map<string, StoredCommit>();
  const holdings = new Map<string, Holding>();
  const listeners = new Set<() => void>();
  let chain: Uint8Array = emptyChain;
  let closed = false;

  const revisionOf = (stream: string): number => streams.get(stream)?.length ?? 0;

  function decide(commit: Commit): AppendOutcome | undefined {
    const known = commits.get(keyOf(commit.commandId));
    if (known) {
      const same = sameFingerprint(known.fingerprint, commit.fingerprint);
      return same ? { kind: 'appended', commit: known, repeated: true } : { kind: 'reused' };
    }
    for (const { stream, expectedRevision } of commit.writes) {
      const actualRevision = revisionOf(stream);
      if (actualRevision !== expectedRevision) return { kind: 'conflict', stream, actualRevision };
    }
    for (const value of commit.reserve ?? []) {
      if (holdings.get(value)?.held) return { kind: 'reserved', value };
    }
    for (const { value, generation } of commit.release ?? []) {
      const holding = holdings.get(value);
      if (!holding?.held || holding.generation !== generation) return { kind: 'not_held', value, generation };
    }
    return undefined;
  }

  function store(commit: Commit): StoredCommit {
    const firstPosition = log.length + 1;
    for (const { stream, events } of commit.writes) {
      const history = streams.get(stream) ?? [];
      streams.set(stream, history);
      for (const event of events) {
        const bytes = Buffer.from(event);
        log.push(bytes);
        chain = nextChain(chain, bytes);
        history.push({ revision: history.length + 1, position: log.length, bytes });
      }
    }
    const generations = (commit.reserve ?? []).map((value) => {
      const generation = (holdings.get(value)?.generation ?? 0) + 1;
      holdings.set(value, { generation, held: true });
      return generation;
    });
    for (const { value, generation } of commit.release ?? []) holdings.set(value, { generation, held: false });
    const stored: StoredCommit = {
      commandId: Buffer.from(commit.commandId),
      fingerprint: Buffer.from(commit.fingerprint),
      firstPosition,
      eventCount: log.length - firstPosition + 1,
      generations,
    };
    commits.set(keyOf(commit.commandId), stored);
    return stored;
  }

  return {
    async append(commit) {
      if (checkCommitShape(commit) === 'too_large') return { kind: 'too_large' };
      if (closed) throw new StoreFault('the store is closed');
      const answer = decide(commit);
      if (answer) return answer;
      const stored = store(commit);
      for (const listener of listeners) queueMicrotask(listener);
      return { kind: 'appended', commit: stored, repeated: false };
    },
    async find(commandId) {
      return commits.get(keyOf(commandId));
    },
    async lastRevision(stream) {
      return revisionOf(stream);
    },
    async readStream(stream, afterRevision = 0, limit = 10_000) {
      return (streams.get(stream) ?? []).slice(afterRevision, afterRevision + limit);
    },
    async readAll(afterPosition, limit) {
      const page = [];
      let bytes = 0;
      for (let index = afterPosition; index < log.length && page.length < limit; index++) {
        bytes += log[index]!.length;
        if (bytes > limits.maxCommitBytes && page.length > 0) break;
        page.push({ position: index + 1, bytes: log[index]! });
      }
      return page;
    },
    async head() {
      return { position: log.length, chain };
    },
    onAppended(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
    },
  };
}

function keyOf(commandId: Uint8Array): string {
  return Buffer.from(commandId).toString('hex');
}
