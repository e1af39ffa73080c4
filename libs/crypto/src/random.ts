import { randomBytes } from 'node:crypto';
import type { Ids } from '@tillid/kernel';
import { base32 } from './base32.js';

/** Ids and bytes from the operating system's generator. */
export const systemIds: Ids = {
  newId: () => base32(randomBytes(16)),
  bytes: (length) => randomBytes(length),
};
