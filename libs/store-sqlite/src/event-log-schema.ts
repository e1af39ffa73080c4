/** 'TiLo' */
export const eventLogApplicationId = 0x54694c6f;

/**
 * One commit is one row of `commits`, by its first position, and a row per event. `streams` and the reservations are
 * only ever inserted into: what they say about a revision or a generation stays true for ever.
 */
export const eventLogMigrations = [
  `
  CREATE TABLE commits (
    first INTEGER PRIMARY KEY,
    event_count INTEGER NOT NULL,
    chain BLOB NOT NULL,
    command BLOB NOT NULL UNIQUE,
    fingerprint BLOB NOT NULL,
    generations TEXT
  );
  CREATE TABLE events (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE streams (
    stream TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, revision)
  ) WITHOUT ROWID;
  CREATE TABLE reserved (value TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (value, generation)) WITHOUT ROWID;
  CREATE TABLE released (value TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (value, generation)) WITHOUT ROWID;
  `,
];
