import type { Model } from 'mongoose';
import { StoreFault } from '@tillid/eventsourcing';
import { plainDuplicates } from './duplicate-key.js';

export interface NewerWrite {
  readonly _id: string;
  /** Where a document keeps how new it is, and what that is when it is as new as this write, or newer. */
  readonly place: string;
  readonly asNew: { readonly $gte: number } | { readonly $gt: number };
  readonly update: { readonly $set: object; readonly $unset?: object };
}

const maxRounds = 20;

/**
 * One conditional upsert a document, all in one batch: where the stored document is as new already, nothing changes.
 * The condition and the change are one atomic step, so two writers may race: the newer one's word stays.
 */
export async function writeNewer<Document extends object>(model: Model<Document>, writes: readonly NewerWrite[]): Promise<void> {
  let left = writes;
  for (let round = 1; left.length > 0; round++) {
    if (round > maxRounds) throw new StoreFault('a document could be written neither over an older one nor as a new one');
    const refused = await upsertAll(model, left);
    // What is not older is there under the same id, and the index refuses to make it again. So it does when another
    // writer made it at this moment, maybe an older one: only that is tried again.
    left = refused.length > 0 ? await withoutAsNew(model, refused) : [];
  }
}

async function upsertAll<Document extends object>(model: Model<Document>, writes: readonly NewerWrite[]): Promise<readonly NewerWrite[]> {
  const operations = writes.map(({ _id, place, asNew, update }) => ({ updateOne: { filter: { _id, [place]: { $not: asNew } }, update, upsert: true } }));
  try {
    // Without throwOnValidationError mongoose leaves out, silently, what its schema does not take.
    await model.bulkWrite(operations as never, { ordered: false, throwOnValidationError: true });
    return [];
  } catch (error) {
    const duplicates = plainDuplicates(error);
    if (!duplicates) throw error;
    return duplicates.map((index) => writes[index]!);
  }
}

async function withoutAsNew<Document extends object>(model: Model<Document>, writes: readonly NewerWrite[]): Promise<readonly NewerWrite[]> {
  const found = await model.find({ $or: writes.map(({ _id, place, asNew }) => ({ _id, [place]: asNew })) } as never, { _id: 1 }).lean<{ _id: string }[]>();
  const settled = new Set(found.map(({ _id }) => _id));
  return writes.filter(({ _id }) => !settled.has(_id));
}
