import { refusals, Refused } from '@tillid/kernel';

/** Every no of this service. Stable and public: a receiver's program reads them, an auditor counts them. */
export const refuse = refusals({
  'call.malformed': 'invalid',
  'call.too_many': 'busy',

  'agreement.taken': 'taken',
  'agreement.unknown': 'not_found',
  'agreement.expired': 'precondition',
  'agreement.does_not_allow': 'not_allowed',
  'client.unknown': 'not_found',

  'consent.unknown': 'not_found',
  'consent.subject_unknown': 'not_found',
  'consent.expiry_in_past': 'invalid',
  'consent.expiry_too_far': 'invalid',
  'consent.text_differs': 'precondition',
  'consent.not_requested': 'precondition',
  'consent.never_granted': 'precondition',
  'consent.granted_already': 'precondition',
  'consent.refused': 'precondition',
  'consent.withdrawn': 'precondition',
  'consent.expired': 'precondition',
  'consent.level_too_low': 'not_allowed',

  'share.unknown': 'not_found',
  'share.not_the_provider': 'not_allowed',
  'share.not_authorized': 'precondition',
  'share.expired': 'precondition',
  'share.attributes_not_granted': 'not_allowed',
  'share.purpose_differs': 'not_allowed',
  'share.basis_not_allowed': 'not_allowed',
  'share.frequency_cap': 'precondition',
});

export type ConsentRefusal = Parameters<typeof refuse>[0];

/** A refused share of a caller that was refused too often this minute: no event of its own, only counted. To the caller it is the same no. */
export class ShareRefusedUnrecorded extends Refused {
  constructor(reason: ConsentRefusal) {
    const { code, kind } = refuse(reason);
    super(code, kind);
  }
}
