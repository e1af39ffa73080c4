import mongoose from 'mongoose';
import { afterAll, describe, expect, it } from 'vitest';
import { startEngines } from '@tillid/testing';

const engines = await startEngines({ mongo: true });
const connection = engines && (await mongoose.createConnection(engines.mongoUrl, { dbName: `engines-${process.pid}` }).asPromise());
afterAll(async () => {
  await connection?.dropDatabase();
  await connection?.close();
  await engines?.stop();
});

describe.skipIf(!engines)('the MongoDB of the launcher', () => {
  it('serves mongoose: what is written is read, and a unique index holds', async () => {
    const schema = new mongoose.Schema({ _id: Number, bytes: Buffer, names: [String] }, { autoIndex: false });
    schema.index({ names: 1 }, { unique: true, sparse: true });
    const things = connection!.model('Thing', schema);
    await things.createIndexes();
    await things.create({ _id: 1, bytes: Buffer.from([1, 2, 3]), names: ['a', 'b'] });
    expect((await things.findById(1).lean())?.bytes).toMatchObject({ buffer: Buffer.from([1, 2, 3]) });
    await expect(things.create({ _id: 2, names: ['b'] })).rejects.toMatchObject({ code: 11_000 });
  });

  it('lets one of many take a value by compare and set', async () => {
    const records = connection!.collection<{ _id: string; version: number }>('records');
    await records.insertOne({ _id: 'one', version: 0 });
    const results = await Promise.all(Array.from({ length: 32 }, () => records.updateOne({ _id: 'one', version: 0 }, { $inc: { version: 1 } })));
    expect(results.filter(({ modifiedCount }) => modifiedCount === 1)).toHaveLength(1);
  });
});
