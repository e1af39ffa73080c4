import { z } from 'zod';

/** Ids this service or another one made. */
export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
/** A secret we made: 256 bits, base64url. Whatever else comes is no secret of ours, and is told so by the answer, not the shape. */
export const secret = z.string().max(100);
/** Typed by a person, or by a program that pretends: any text of a reasonable length takes the same way. */
export const typed = z.string().max(1000);
