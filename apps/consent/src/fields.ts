import { z } from 'zod';
import { isLegalBasis } from './domain/legal-bases.js';
import { limits } from './domain/limits.js';

/** The shapes that fields of several rpcs have. Names are as in the request; parseRequest names them as in the proto. */
export const id = z.string().regex(/^[a-z2-7]{26}$/);
export const callerId = z.string().regex(/^[a-z][a-z0-9-]{1,39}$/);
export const agreementId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/);
export const grantId = z.string().regex(/^[A-Za-z0-9_-]{16,64}$/);
/** A URI, or a national code. */
export const term = z.string().regex(/^[\x21-\x7e]{1,200}$/);
/** "3", "2026-11": too short for words, and no national number, since it stands in the log. */
export const version = z.string().regex(/^(?!.*\d{6}-?\d{4})[A-Za-z0-9._-]{1,20}$/);
export const legalBasis = z.string().refine(isLegalBasis, 'must be a legal basis other than consent');
export const sha256 = z.instanceof(Buffer).refine((bytes) => bytes.length === 32, 'must be 32 bytes');
/** Milliseconds: events hold numbers. Bounded by what a Timestamp may say. */
export const instant = z.date().transform((date) => date.getTime());

export const attributes = names(limits.attributesPerRequest);

/** Each name once; 1 to `most` of them. */
export function names(most: number) {
  return z
    .array(term)
    .min(1)
    .max(most)
    .refine((list) => new Set(list).size === list.length, 'must name each once');
}
