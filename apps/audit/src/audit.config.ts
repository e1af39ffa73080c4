import { count, type ConfigOf, serviceSettings, setting } from '@tillid/runtime';

export const auditConfig = {
  ...serviceSettings,
  checkpointIntervalMs: setting({
    variable: 'TILLID_CHECKPOINT_INTERVAL_MS',
    schema: count(20, 900),
    default: '200',
    meaning: 'events that come within this time of each other share a checkpoint',
    breaks: 'longer: receipts wait longer; shorter: more small files and more fsync for the same events',
  }),
} as const;

export type AuditConfig = ConfigOf<typeof auditConfig>;
