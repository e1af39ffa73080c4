import type { Agreement } from './consent.messages.js';
import type { ConsentRefusal } from './consent.refusals.js';

/** Why an agreement does not cover a request, whatever it rests on. */
export function reasonAgainstAsking(agreement: Agreement, attributes: readonly string[], purpose: string, nowMs: number): ConsentRefusal | undefined {
  if (agreement.expiresAtMs <= nowMs) return 'agreement.expired';
  if (!agreement.purposes.includes(purpose)) return 'share.purpose_differs';
  if (!attributes.every((name) => agreement.attributes.includes(name))) return 'share.attributes_not_granted';
  return undefined;
}
