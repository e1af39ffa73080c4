import { Error as MongooseErrors, mongo, MongooseError } from 'mongoose';
import { describe, expect, it } from 'vitest';
import { StoreFault } from '@tillid/eventsourcing';
import { orFault } from './faults.js';

const failing = (cause: Error) => orFault(() => Promise.reject(cause));

describe('an error of the work with the database', () => {
  it.each([
    ['the driver', new mongo.MongoNetworkError('connection 3 to 127.0.0.1:27017 closed')],
    ['the server', new mongo.MongoServerError({ message: 'not primary', code: 10_107 })],
    ['the connection', new MongooseError('Connection was force closed')],
  ])('is a StoreFault when it comes from %s, with the error as its cause', async (_, error) => {
    await expect(failing(error)).rejects.toMatchObject({ name: 'StoreFault', cause: error });
  });
  it.each([
    ['the schema refuses', new MongooseErrors.CastError('Buffer', 'x', 'd')],
    ['we throw ourselves', new TypeError('a read model\'s document is plain JSON')],
    ['says already what it is', new StoreFault('a hole')],
  ])('stays as it is when it is one that %s: nothing was asked of the database', async (_, error) => {
    await expect(failing(error)).rejects.toBe(error);
  });
});
