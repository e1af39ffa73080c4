import { maxEntryBytes, tileWidth } from '@tillid/transparency';

/** A full bundle of the largest entries, each with its length of two bytes. Nothing in a log is larger. */
export const fileBytesMax = tileWidth * (maxEntryBytes + 2);
