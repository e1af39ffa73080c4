import type { Model } from 'mongoose';
import type { Checkpoints } from './checkpoints.js';
import { positionsOf, type Row } from './read-model-row.js';

const tombstonesPerLook = 1_000;

/** Removes tombstones whose every position is passed by the projection's checkpoints, unless they changed meanwhile. */
export async function sweepTombstones(rows: Model<Row>, checkpoints: Checkpoints, projection: string): Promise<number> {
  let swept = 0;
  let after = '';
  for (;;) {
    const found = await rows.find({ _id: { $gt: after }, t: true }, { p: 1 }).hint('t').sort({ _id: 1 }).limit(tombstonesPerLook).lean<Row[]>();
    if (found.length === 0) return swept;
    after = found.at(-1)!._id;
    swept += await removePassed(rows, checkpoints, projection, found);
  }
}

async function removePassed(rows: Model<Row>, checkpoints: Checkpoints, projection: string, found: readonly Row[]): Promise<number> {
  const reached = found.map((row) => Object.entries(positionsOf(row)).map(([source, position]) => ({ source, position })));
  const passed = await checkpoints.passed(projection, reached.flat());
  const gone = found.filter((_, index) => reached[index]!.every((each) => passed.has(each)));
  if (gone.length === 0) return 0;
  const { deletedCount } = await rows.bulkWrite(gone.map(({ _id, p }) => ({ deleteOne: { filter: { _id, p } } })), { ordered: false });
  return deletedCount;
}
