import { mongo, MongooseError } from 'mongoose';
import { StoreFault } from '@tillid/eventsourcing';

/** From the driver, whatever it says; not a bug of ours. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof mongo.MongoError || error instanceof MongooseError;
}

/** Where the database answered with anything but what was asked for, nobody knows what is stored. The cause is for logs. */
export async function orFault<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isDatabaseError(error)) throw new StoreFault('the database did not answer as it should', { cause: error });
    throw error;
  }
}
