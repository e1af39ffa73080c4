/** How far a consumer has come with a source, and all it needs to check what comes next. */
export interface Checkpoint {
  /** Last position applied; 0 when none. */
  readonly position: number;
  /** 32 bytes: the source's chain after it. The next batch must continue from here. */
  readonly chain: Uint8Array;
  /** The source's Ed25519 public key (32 bytes) in force there, by its announcements up to there; empty for a service's own log. */
  readonly key: Uint8Array;
  /** Time of the newest head of the source that was verified; 0 when none. An older head is late, a newer one that knows less is a rollback. */
  readonly headTimeMs: number;
}

/** Where consumers keep how far they have come. A consumer that does not know a checkpoint starts at the beginning. */
export interface CheckpointStore {
  checkpoint(consumer: string, source: string): Promise<Checkpoint | undefined>;
  /** Never moves back: a checkpoint below the stored one changes nothing. */
  saveCheckpoint(consumer: string, source: string, checkpoint: Checkpoint): Promise<void>;
}
