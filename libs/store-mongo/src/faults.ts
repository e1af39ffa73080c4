import { Error as MongooseErrors, mongo, MongooseError } from 'mongoose';
import { StoreFault } from '@tillid/eventsourcing';

/** What mongoose refuses before anything is sent: a bug of ours, which no retry mends. */
const ownBugs = [MongooseErrors.CastError, MongooseErrors.ValidationError, MongooseErrors.StrictModeError];

/** From the driver or the connection, whatever it says. */
export function isDatabaseError(error: unknown): boolean {
  if (ownBugs.some((bug) => error instanceof bug) || (error as Error).name === 'MongooseBulkWriteError') return false;
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
