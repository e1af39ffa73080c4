import { refusals } from '@tillid/kernel';

/** Every no of this service that is not every service's. The codes are public: service.proto names them rpc by rpc. */
export const refuse = refusals({
  'client.unknown': 'not_found',
  'client.taken': 'taken',
  'citizen.unknown': 'not_found',
  'citizen.blocked': 'precondition',
  'citizen.closed': 'precondition',
  'citizen.not_proved': 'precondition',
  'activation.refused': 'not_allowed',
  'user_id.invalid': 'invalid',
  'user_id.taken': 'taken',
  'password.too_weak': 'invalid',
  'password.wrong': 'not_allowed',
  'key.not_active': 'precondition',
  'token.required': 'unauthenticated',
  'code_card.none_waiting': 'precondition',
  'sign_in.unknown': 'not_found',
  'sign_in.taken': 'precondition',
  'sign_in.factor_refused': 'not_allowed',
  'sign_in.out_of_order': 'precondition',
  'sign_in.too_many_tries': 'busy',
  'sign_in.too_many_open': 'busy',
  'sign_in.abandoned': 'precondition',
  'sign_in.completed': 'precondition',
  'sign_in.not_completed': 'precondition',
  'sign_in.redeemed': 'precondition',
  'session.unknown': 'not_found',
});

/** Nothing this service's own: the request is one no state could accept, or the caller may not have what it asks. */
export const refuseCall = refusals({ 'call.malformed': 'invalid', 'call.not_allowed': 'not_allowed', 'call.too_many': 'busy', 'peer.behind': 'busy' });
