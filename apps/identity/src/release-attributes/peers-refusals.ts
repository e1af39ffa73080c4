import { Refused } from '@tillid/kernel';
import { refuse } from '../domain/identity.refusals.js';

/** Codes that tell the receiver nothing it may not know about another's share. */
const unknownShare = new Set(['share.unknown', 'share.not_the_provider']);
const unknownSubject = new Set(['citizen.unknown', 'client.unknown', 'identity.citizen_unknown']);

/** What consent refuses for good becomes share.refused or share.unknown; what may be tried again stays what it is. */
export function asShareRefusal(error: unknown): never {
  if (!(error instanceof Refused) || !isFinal(error)) throw error;
  if (unknownShare.has(error.code)) throw refuse('share.unknown');
  if (/^(share|consent|agreement)\./.test(error.code)) throw refuse('share.refused');
  throw error;
}

export function asSubjectRefusal(error: unknown): never {
  if (error instanceof Refused && unknownSubject.has(error.code)) throw refuse('identity.subject_unknown');
  throw error;
}

function isFinal({ kind }: Refused): boolean {
  return kind !== 'busy' && kind !== 'conflict' && kind !== 'unknown_outcome';
}
