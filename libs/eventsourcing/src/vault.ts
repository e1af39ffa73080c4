/**
 * Values that may not be in events: immutable records, already encrypted by the caller under the citizen's key.
 * Value first, then the event that names its id; a value no event names is swept after a day.
 */
export interface Vault {
  put(record: VaultRecord): Promise<void>;
  get(id: string): Promise<VaultRecord | undefined>;
  /** Superseded secrets and swept records: gone from the file, free pages included. */
  delete(ids: readonly string[]): Promise<void>;
  /** Ids put before an instant, in id order, for the sweep. */
  list(putBeforeMs: number, afterId: string | undefined, limit: number): Promise<string[]>;
  close(): Promise<void>;
}

export interface VaultRecord {
  readonly id: string;
  readonly ciphertext: Uint8Array;
  readonly putAtMs: number;
}

/** What lives for minutes: sign-ins begun, hand-overs, replies that hold secrets, tries counted. Not the record. */
export interface ExpiringStore {
  /** Undefined when absent or past its deadline, whichever the store has noticed. */
  get(key: string, nowMs: number): Promise<ExpiringEntry | undefined>;
  /**
   * Writes if the entry's version is still `expectedVersion` (0: absent or expired). Returns the new version, or
   * undefined when someone else was first, or when the store is full.
   */
  compareAndSet(key: string, expectedVersion: number, value: Uint8Array, expiresAtMs: number, nowMs: number): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  /** Removes what is past its deadline; returns how many. */
  sweep(nowMs: number): Promise<number>;
  close(): Promise<void>;
}

export interface ExpiringEntry {
  readonly value: Uint8Array;
  readonly version: number;
  readonly expiresAtMs: number;
}

/** One small durable record, as the last signed tree head: a file of its own, outside the backup set. */
export interface CompareAndSetRecord {
  get(): Promise<{ readonly value: Uint8Array; readonly version: number } | undefined>;
  /** Durable when it resolves true; false when the version has moved on. 0: there is none yet. */
  compareAndSet(expectedVersion: number, value: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}
