import type { SignedHead } from '@tillid/contracts/event/v1/event';
import { verifySignedHead } from '@tillid/eventsourcing';
import { z } from 'zod';
import { CouldNotLook } from '../could-not-look.js';

/** What a source had signed when a compare held, and its keys by then, oldest first. */
export interface KeptSource {
  readonly source: string;
  readonly head: SignedHead;
  readonly keys: readonly Uint8Array[];
}

/** What a compare that held keeps for the next one. */
export interface Kept {
  /** As audit signed it; the entries up to every head below stood under it. */
  readonly checkpoint: string;
  readonly sources: readonly KeptSource[];
}

const format = 'tillid-compare/1';
const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const whole = z.number().int().nonnegative();
const source = z.object({
  source: z.string(),
  head: z.object({ position: whole, chain: bytes, timeMs: whole, signature: bytes }),
  keys: z.array(bytes).min(1).max(1000),
});
const schema = z.object({ format: z.literal(format), checkpoint: z.string(), sources: z.array(source).max(1000) });

/** Throws CouldNotLook for what is no such state, a head that none of its keys signed included. */
export function parseKept(text: string): Kept {
  try {
    const { checkpoint, sources } = schema.parse(JSON.parse(text));
    const kept = sources.map(({ source: name, head, keys }) => ({ source: name, head: { source: name, ...head }, keys }));
    if (kept.some(({ head, keys }) => !keys.some((key) => verifySignedHead(head, key)))) throw new Error('a head in it is not signed');
    return { checkpoint, sources: kept };
  } catch (error) {
    throw new CouldNotLook('the state is none that compare kept', { cause: error instanceof z.ZodError ? new Error(z.prettifyError(error)) : error });
  }
}

export function keptText({ checkpoint, sources }: Kept): string {
  const base64 = (what: Uint8Array) => Buffer.from(what).toString('base64');
  const written = sources.map(({ source: name, head, keys }) => ({
    source: name,
    head: { position: head.position, chain: base64(head.chain), timeMs: head.timeMs, signature: base64(head.signature) },
    keys: keys.map(base64),
  }));
  return `${JSON.stringify({ format, checkpoint, sources: written }, undefined, 1)}\n`;
}
