import { count, serviceSettings, setting, type ConfigOf } from '@tillid/runtime';

/** Every setting of this service. Limits that callers may rely on are not settings: domain/limits.ts. */
export const consentConfig = {
  ...serviceSettings,
  foldsCached: setting({
    variable: 'TILLID_CONSENT_FOLDS_CACHED',
    schema: count(100, 1_000_000),
    default: '10000',
    meaning: 'consents held in memory, folded, at about 2 KB each',
    breaks: 'too few: a consent with many shares is read from its first event at every share; too many: memory',
  }),
  refusalsRecordedPerMinute: setting({
    variable: 'TILLID_CONSENT_REFUSALS_RECORDED_PER_MINUTE',
    schema: count(1, 10_000),
    default: '10',
    meaning: 'refused shares of one receiver that are appended in a minute; more become one event that counts them',
    breaks: 'too few: citizens do not see every refused try; too many: one receiver can flood the log',
  }),
  unrecordedShareSeconds: setting({
    variable: 'TILLID_CONSENT_UNRECORDED_SHARE_SECONDS',
    schema: count(1, 86_400),
    default: '60',
    meaning: "how long a share may wait for its place in audit's signed log before no other is let through",
    breaks: 'too short: sharing stops at every restart of audit; too long: data is shared while nobody records it',
  }),
} as const;

export type ConsentConfig = ConfigOf<typeof consentConfig>;
