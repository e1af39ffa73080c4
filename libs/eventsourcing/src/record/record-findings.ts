/** What can be wrong with a record, each with what it means. Codes are stable: the auditor prints them, tests assert them. */
export const recordFindings = {
  'entry.malformed': 'a leaf is not an event',
  'entry.late': 'an event says it happened well before its source signed a head that does not have it',
  'entry.early': 'an event says it happened well after audit saw it under a signed head: its source, or audit, tells a wrong time',
  'entry.unconfirmed': "a source's entries stand under none of its signed heads, though audit has long recorded others since",
  'source.key_not_announced': "a source's first event does not announce its key",
  'source.key_not_vouched': 'a source announces a key without the signature of the key in force: it signs nothing',
  'commit.broken': 'a commit is not whole: its events do not follow each other under one command',
  'stream.gap': 'the revisions of a stream are not dense',
  'head.not_signed': "a head that audit recorded does not bear the signature of its source's key in force there",
  'head.chain_differs': 'the entries of a source are not those its signed head covers',
  'head.ahead': 'a head that audit recorded covers entries the record does not have, though audit only records what it has taken in',
  'head.early': 'audit says it saw a head well before the source signed it: audit, or the source, tells a wrong time',
  'heads.backwards': 'audit recorded a time or a position that went back, or left out a source it had heard before',
  'log_key.not_signed': "audit announces a key for its log that the key before it, or the key itself, did not sign: it signs nothing",
  'log_key.not_in_force': "a key of the log names a successor though it was not the one in force",
  'log_key.rival': 'a key of the log names a second successor: the first one counts',
  'own_log.differs': "what audit committed of everyone's own logs is not what the entries give",
  'heads.malformed': 'a HeadsSeen cannot be read',
  'log.continuation_differs': "a log's name and its first entry do not say the same of the log before it, or an entry further on says it too",
  'log.kept_differs': 'what the first entry says was kept of a source is not what stands here, or a source that was closed goes on',
} as const satisfies Record<string, string>;

export type RecordFindingCode = keyof typeof recordFindings;

export interface RecordFinding {
  readonly code: RecordFindingCode;
  readonly message: string;
  /** Of the entry where it showed. */
  readonly leafIndex: number;
  readonly source: string;
  /** In the source; 0 when unknown. */
  readonly position: number;
}

export interface SourceSummary {
  readonly source: string;
  /** Entries of it in the record. */
  readonly position: number;
  readonly chain: Buffer;
  /** Its keys as they came into force; none when the first event announces none. */
  readonly keys: readonly Uint8Array[];
  /** Up to here a signed head in the record confirms the entries. */
  readonly confirmedPosition: number;
  /** The first entry beyond that, if there is one. */
  readonly firstUnconfirmedLeaf: number | undefined;
  /** The furthest head in the record: what it is said to have, even if the entries have not come. */
  readonly headPosition: number;
  /** The last commit is cut off at the end of the record; more must come. */
  readonly commitOpen: boolean;
}

/** An announcement of the log's next key that counts: signed by both keys, the first of which was in force. */
export interface LogKeyChange {
  readonly leafIndex: number;
  readonly vkey: string;
  readonly nextVkey: string;
  readonly bothUntilMs: number;
}

export interface RecordSummary {
  readonly entries: number;
  /** Changes of the log's own key, in order; each that counts. */
  readonly logKeys: readonly LogKeyChange[];
  readonly sources: readonly SourceSummary[];
  /** The first thousand. */
  readonly findings: readonly RecordFinding[];
  /** All of them. */
  readonly findingCount: number;
}
