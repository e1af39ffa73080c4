import type { DatabaseSync } from 'node:sqlite';
import type { ReadModel } from '@tillid/eventsourcing';

/** 'TiRm' */
export const readModelApplicationId = 0x5469526d;

export const readModelMigrations = [
  `
  CREATE TABLE models (name TEXT NOT NULL, version INTEGER NOT NULL, indexes TEXT NOT NULL, PRIMARY KEY (name, version)) WITHOUT ROWID;
  CREATE TABLE checkpoints (
    consumer TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL, chain BLOB NOT NULL, key BLOB NOT NULL,
    head_time_ms INTEGER NOT NULL, PRIMARY KEY (consumer, source)
  ) WITHOUT ROWID;
  `,
];

export interface ModelTable {
  readonly table: string;
  /** Column by index name. */
  readonly columns: ReadonlyMap<string, string>;
}

/** The table of a model, made when missing. A tombstone has neither document nor index keys. */
export function ensureModelTable<Document extends object>(database: DatabaseSync, model: ReadModel<Document>): ModelTable {
  const indexes = Object.keys(model.indexes);
  for (const name of [model.name, ...indexes]) {
    if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)) throw new Error(`"${name}" cannot name a read model or an index`);
  }
  const table = `"${model.name}@${model.version}"`;
  const columns = new Map(indexes.map((name) => [name, `"index ${name}"`]));
  const known = database.prepare('SELECT indexes FROM models WHERE name = ? AND version = ?').get(model.name, model.version);
  if (known && known['indexes'] !== JSON.stringify(indexes)) throw new Error(`read model ${model.name} changed its indexes without a new version`);
  if (known) return { table, columns };
  database.exec(`CREATE TABLE ${table} (key TEXT PRIMARY KEY, document TEXT, positions TEXT NOT NULL${[...columns.values()].map((column) => `, ${column} BLOB`).join('')})`);
  for (const [name, column] of columns) {
    database.exec(`CREATE INDEX "${model.name}@${model.version} ${name}" ON ${table} (${column}) WHERE ${column} IS NOT NULL`);
  }
  database.exec(`CREATE INDEX "${model.name}@${model.version} tombstones" ON ${table} (key) WHERE document IS NULL`);
  database.prepare('INSERT INTO models (name, version, indexes) VALUES (?, ?, ?)').run(model.name, model.version, JSON.stringify(indexes));
  return { table, columns };
}
