import { type Handled, occurredAtMs } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import type { LoggedEvent } from './authentication-log.js';

/** How long a reply that holds a secret is given again to the same caller under the same key. */
export const secretRepeatableMs = 5 * 60_000;

/** Whether what this command wrote is still young enough for its secrets to be said again. */
export function secretsStillTold(handled: Handled<LoggedEvent>, clock: Clock): boolean {
  const [first] = handled.events;
  return first !== undefined && clock.nowMs() < occurredAtMs(first) + secretRepeatableMs;
}
