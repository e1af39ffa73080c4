/**
 * Where citizens' wrapped keys lie: a store of its own, so that neither the log's backup nor the vault's holds a key.
 * A record goes in before the event that names its citizen; a record no event names after a day is swept.
 */
export interface CitizenKeyRecords {
  /** Refuses a second key for the same citizen: the first has sealed something. */
  add(record: NewCitizenKeyRecord): Promise<void>;
  get(citizenId: string): Promise<CitizenKeyRecord | undefined>;
  /** The citizen's registration is in the log: the sweep need not look at this one again. */
  markNamed(citizenIds: readonly string[]): Promise<void>;
  /** Citizens of records not marked named and added before an instant, oldest first. */
  unnamed(addedBeforeMs: number, limit: number): Promise<string[]>;
  /** As if it had never been: for records no event names. */
  remove(citizenIds: readonly string[]): Promise<void>;
  /** The wrapped key is overwritten, in the file and in what the engine keeps beside it; a tombstone stays. Repeatable. */
  destroy(citizenId: string): Promise<void>;

  /** Live keys in order of citizen id, for wrapping them again. */
  page(afterCitizenId: string, limit: number): Promise<{ readonly citizenId: string; readonly wrappedKey: Buffer }[]>;
  /** Replaces the wrapping where it still is `from`: a key destroyed meanwhile stays destroyed. */
  rewrap(rows: readonly { readonly citizenId: string; readonly from: Buffer; readonly to: Buffer }[]): Promise<void>;

  /**
   * Small numbers that must be exactly as old as the keys beside them, so that an older backup of the keys brings its
   * own: up to which position destructions were applied, since when a key-encryption key wraps.
   */
  number(name: string): Promise<number | undefined>;
  setNumber(name: string, value: number): Promise<void>;
  close(): Promise<void>;
}

export interface NewCitizenKeyRecord {
  readonly citizenId: string;
  readonly wrappedKey: Buffer;
  readonly addedAtMs: number;
}

export interface CitizenKeyRecord {
  /** Null once destroyed. */
  readonly wrappedKey: Buffer | null;
}

/** Uses above the first of a day, by citizen, service and UTC day, until the day is over. */
export interface KeyUseCounts {
  /** Adds to what is there, all in one transaction. */
  add(uses: readonly KeyUses[]): Promise<void>;
  /** Days before `day`, in a fixed order. */
  before(day: string, limit: number): Promise<KeyUses[]>;
  remove(uses: readonly Omit<KeyUses, 'count'>[]): Promise<void>;
  /** One durable write that keeps nothing worth keeping: what the first use of an unknown id costs instead of an event. */
  writeDecoy(): Promise<void>;
}

export interface KeyUses {
  readonly citizenId: string;
  readonly service: string;
  /** UTC, as "2026-11-24". */
  readonly day: string;
  readonly count: number;
}
