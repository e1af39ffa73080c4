import type { Call } from '@tillid/service';

/** Kept back for the answer itself: a wait that takes the whole deadline is answered to nobody. */
const answerMs = 200;

/** Aborts when the caller hung up, or in time to still say so before the deadline. */
export function waitingFor(call: Pick<Call, 'signal' | 'deadlineMs'>, nowMs: number, waitMsMax: number): AbortSignal {
  const leftMs = Math.max(0, Math.min(waitMsMax, call.deadlineMs - nowMs - answerMs));
  return AbortSignal.any([call.signal, AbortSignal.timeout(leftMs)]);
}
