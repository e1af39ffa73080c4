import { count, httpsUrl, optional, type ConfigOf, serviceSettings, setting } from '@tillid/runtime';

export const auditConfig = {
  ...serviceSettings,
  checkpointIntervalMs: setting({
    variable: 'TILLID_CHECKPOINT_INTERVAL_MS',
    schema: count(20, 900),
    default: '200',
    meaning: 'events that come within this time of each other share a checkpoint',
    breaks: 'longer: receipts wait longer; shorter: more small files and more fsync for the same events',
  }),
  tiles: setting({
    variable: 'TILLID_AUDIT_TILES',
    schema: optional(httpsUrl),
    meaning: "where the integrator serves the log's files to replicas that have no volume; they never sign",
    breaks: 'unset: the files lie in TILLID_DATA/log, and this replica takes its turn to sign: on a volume of its own it would stop at the first tile it misses',
  }),
} as const;

export type AuditConfig = ConfigOf<typeof auditConfig>;
