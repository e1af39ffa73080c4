import { readFileSync } from 'node:fs';
import { parsePolicy, type Policy } from '@tillid/transparency';
import { CouldNotLook } from './could-not-look.js';

/** A c2sp.org/tlog-policy file: what the reader trusts, so a fault in it says nothing about any log. */
export function readPolicy(path: string): Policy {
  try {
    return parsePolicy(readFileSync(path));
  } catch (error) {
    throw new CouldNotLook(`${path} holds no policy`, { cause: error });
  }
}
