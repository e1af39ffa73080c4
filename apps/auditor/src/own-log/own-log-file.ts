import type { OwnLogCopy } from '@tillid/eventsourcing';
import { z } from 'zod';
import { CouldNotLook } from '../could-not-look.js';

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const whole = z.number().int().nonnegative();
const line = z.object({ number: whole, leafHash: bytes, chain: bytes });
const head = z.object({ owner: z.string(), number: whole, chain: bytes, siblings: z.array(bytes).max(256), otherKey: bytes, otherValue: bytes });
/** As a citizen agent writes it: `tillid demo --own-log FILE`. More than this may stand in it, and is not looked at. */
const schema = z.object({
  format: z.literal('tillid-own-log/1'),
  logs: z.array(z.object({ owner: z.string(), lines: z.array(line) })).min(1).max(8),
  committed: z.object({ event: bytes, receipt: z.string(), heads: z.array(head).max(8) }),
});

export function parseOwnLog(text: string, name: string): OwnLogCopy {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CouldNotLook(`${name} is no copy of an own log`, { cause: error instanceof z.ZodError ? new Error(z.prettifyError(error)) : error });
  }
}
