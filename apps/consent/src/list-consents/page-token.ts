import { z } from 'zod';

/** Where a page ended: the last consent's time and id. Not a secret, and no use to another citizen. */
export type Cursor = readonly [requestedAtMs: number, consentId: string];

export function pageTokenOf([requestedAtMs, consentId]: Cursor): string {
  return `${requestedAtMs}.${consentId}`;
}

/** Empty: from the newest. */
export const cursor = z
  .string()
  .regex(/^(|\d{1,15}\.[a-z2-7]{26})$/)
  .transform((token): Cursor | undefined => {
    const [requestedAtMs, consentId] = token.split('.');
    return consentId ? [Number(requestedAtMs), consentId] : undefined;
  });
