import type { DatabaseSync } from 'node:sqlite';
import type { Checkpoint } from '@tillid/eventsourcing';

export interface Checkpoints {
  get(consumer: string, source: string): Checkpoint | undefined;
  /** Never moves back; at the same position a newer head may be learned. */
  save(consumer: string, source: string, checkpoint: Checkpoint): void;
  /** Of every source: the start of a rebuild. */
  forget(consumer: string): void;
}

export function checkpointsOf(database: DatabaseSync): Checkpoints {
  const select = database.prepare('SELECT position, chain, key, head_time_ms FROM checkpoints WHERE consumer = ? AND source = ?');
  const upsert = database.prepare(
    `INSERT INTO checkpoints (consumer, source, position, chain, key, head_time_ms) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (consumer, source) DO UPDATE
     SET position = excluded.position, chain = excluded.chain, key = excluded.key, head_time_ms = excluded.head_time_ms
     WHERE excluded.position >= position`,
  );
  const remove = database.prepare('DELETE FROM checkpoints WHERE consumer = ?');
  return {
    get(consumer, source) {
      const row = select.get(consumer, source);
      return row && {
        position: Number(row['position']),
        chain: row['chain'] as Uint8Array,
        key: row['key'] as Uint8Array,
        headTimeMs: Number(row['head_time_ms']),
      };
    },
    save(consumer, source, { position, chain, key, headTimeMs }) {
      upsert.run(consumer, source, position, chain, key, headTimeMs);
    },
    forget(consumer) {
      remove.run(consumer);
    },
  };
}
