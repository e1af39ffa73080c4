export type DifferenceCode =
  /** The same position, other bytes. */
  | 'entry.differs'
  /** In the ledger, and the source says it has none: a backup was restored, or its tail was lost. */
  | 'source.shorter'
  /** The source had it before this began, and the tree has not: an act without its record. */
  | 'ledger.shorter'
  /** The source's head or feed is not what its key signs. */
  | 'source.broken'
  /** Tree and source agree, and neither has what the source had signed when it was last looked at: at this position, or before it. */
  | 'source.rewritten'
  /** The key the source signs with is none that it announced in the ledger. */
  | 'key.differs'
  /** Entries of a source nobody runs. */
  | 'source.unknown';
