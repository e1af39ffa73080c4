/**
 * The log of one source. Positions are dense, start at 1, and are the order of visibility: a reader that saw n + 1
 * could have seen n before. To the store an event is opaque bytes.
 */
export interface EventStore {
  /**
   * Resolves only when durable, or when certainly not stored. Rejects with StoreFault when the outcome is unknown
   * (retry under the same commandId). Events of a commit get adjacent positions in the order of `writes`.
   */
  append(commit: Commit): Promise<AppendOutcome>;
  /** The commit a command made, if it did. */
  find(commandId: Uint8Array): Promise<StoredCommit | undefined>;
  /** 0 when the stream has no event. */
  lastRevision(stream: string): Promise<number>;
  /** Events of a stream after a revision, in order; at most `limit` (default 10,000). */
  readStream(stream: string, afterRevision?: number, limit?: number): Promise<StreamEvent[]>;
  /** Events after a position, in order; at most `limit` and at most 8 MiB, but at least one if there is one. */
  readAll(afterPosition: number, limit: number): Promise<StoredEvent[]>;
  /** Last position and the chain after it; { position: 0, chain: 32 zero bytes } when empty. */
  head(): Promise<Head>;
  /** The chain after any position there is. A store without it makes the feed hash from the nearest place it knows. */
  chainAt?(position: number): Promise<Uint8Array>;
  /** Calls back after new commits became visible. A hint to look, never the only reason to. Returns the way to stop. */
  onAppended(listener: () => void): () => void;
  /** Refuses new commits, lets queued ones finish, closes. */
  close(): Promise<void>;
}

export interface Commit {
  /** 16 bytes: hash of caller, rpc and idempotency key. */
  readonly commandId: Uint8Array;
  /** 32 bytes: HMAC of the request. Another fingerprint under the same commandId is `reused`, unless the stored one was lost (lost-tail.ts). */
  readonly fingerprint: Uint8Array;
  /** At least one; streams distinct; no `@` or `#` in a name; 1 to 200 characters. */
  readonly writes: readonly StreamWrite[];
  readonly reserve?: readonly string[];
  readonly release?: readonly Release[];
}

export interface StreamWrite {
  readonly stream: string;
  /** The stream's last revision as the writer knows it; 0 for a new stream. */
  readonly expectedRevision: number;
  /** At least one; each at most maxEventBytes. */
  readonly events: readonly Uint8Array[];
}

export interface Release {
  readonly value: string;
  /** The generation that ends; the next reservation of the value takes generation + 1. */
  readonly generation: number;
}

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly commit: StoredCommit; /** True when this is the first result of an earlier call. */ readonly repeated: boolean }
  | { readonly kind: 'conflict'; readonly stream: string; readonly actualRevision: number }
  | { readonly kind: 'reserved'; readonly value: string }
  | { readonly kind: 'not_held'; readonly value: string; readonly generation: number }
  | { readonly kind: 'reused' }
  | { readonly kind: 'full'; readonly retryAfterMs: number }
  | { readonly kind: 'too_large' };

export interface StoredCommit {
  readonly commandId: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly firstPosition: number;
  /** How many events; they stand at firstPosition ... firstPosition + eventCount - 1. */
  readonly eventCount: number;
  /** One per reserved value, in the order of `reserve`; 1 for a value never held before. */
  readonly generations: readonly number[];
}

export interface StreamEvent {
  readonly revision: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

export interface StoredEvent {
  readonly position: number;
  readonly bytes: Uint8Array;
}

export interface Head {
  readonly position: number;
  /** 32 bytes. */
  readonly chain: Uint8Array;
}

/** The store cannot say what is stored. Whoever sees it stops trusting what it holds in memory. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

/** A commit that breaks the rules of the port itself (stream twice, `@` in a name ...): a bug in the caller. */
export class MalformedCommit extends Error {
  override readonly name = 'MalformedCommit';
}

export const limits = {
  /** A leaf ends at 65,535 bytes. */
  maxEventBytes: 60 * 1024,
  maxCommitBytes: 8 * 1024 * 1024,
  /** Group commit: at most this many commits, and maxCommitBytes, in one transaction. */
  maxBatchCommits: 256,
  /** Commits that may wait before `append` answers full. */
  maxQueuedCommits: 4096,
  maxQueuedBytes: 64 * 1024 * 1024,
} as const;
