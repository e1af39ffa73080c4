import { refusals } from '@tillid/kernel';

/** Every no of identity's own. Codes are public and stable: service.proto names them beside each rpc. */
export const refuse = refusals({
  'identity.national_number_invalid': 'invalid',
  'identity.national_number_taken': 'taken',
  'identity.citizen_unknown': 'not_found',
  'identity.citizen_closed': 'precondition',
  'identity.same_official': 'not_allowed',
  'identity.level_not_higher': 'precondition',
  'identity.not_blocked': 'precondition',
  'identity.subject_unknown': 'not_found',
  'identity.too_many_wrong_numbers': 'busy',
  'share.unknown': 'not_found',
  'share.refused': 'precondition',
  'key_ring.key_destroyed': 'precondition',
});
