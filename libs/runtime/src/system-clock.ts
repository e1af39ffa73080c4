import type { Clock } from '@tillid/kernel';

export const systemClock: Clock = { nowMs: () => Date.now() };
