import { count, folder, httpsUrl, optional, type ConfigOf, serviceSettings, setting } from '@tillid/runtime';

export const auditConfig = {
  ...serviceSettings,
  checkpointIntervalMs: setting({
    variable: 'TILLID_CHECKPOINT_INTERVAL_MS',
    schema: count(20, 900),
    default: '200',
    meaning: 'events that come within this time of each other share a checkpoint',
    breaks: 'longer: receipts wait longer; shorter: more small files and more fsync for the same events',
  }),
  logKeyDays: setting({
    variable: 'TILLID_LOG_KEY_DAYS',
    schema: optional(count(0, 36_500)),
    meaning: "days after which the key that signs the log's checkpoints is replaced, looked at once a day and at start, never while two sign; 0: a new one now",
    breaks: 'unset: never by itself; shorter: witnesses and holders of policies must be told of a key more often',
  }),
  logKeyOverlapDays: setting({
    variable: 'TILLID_LOG_KEY_OVERLAP_DAYS',
    schema: count(0, 366),
    default: '30',
    meaning: "days for which the log's old key signs beside the new one; then it is destroyed",
    breaks: 'shorter: whoever goes by the old key alone, witnesses among them, must follow sooner; 0, for when it was stolen: at the next checkpoint; longer: so does the thief',
  }),
  tiles: setting({
    variable: 'TILLID_AUDIT_TILES',
    schema: optional(httpsUrl),
    meaning: "where the integrator serves the log's files to replicas that have no volume; they never sign",
    breaks: 'unset: the files lie in TILLID_DATA/log, and this replica takes its turn to sign: on a volume of its own it would stop at the first tile it misses',
  }),
  witnessPolicy: setting({
    variable: 'TILLID_WITNESS_POLICY',
    schema: optional(folder),
    meaning: 'file of witnesses to ask and of how many are enough (c2sp.org/tlog-policy, with URLs); the same for every replica',
    breaks: 'unset: nobody else sees the tree, and coverage says so; too few witnesses: whoever runs this log and them can show two people two logs',
  }),
  witnessIntervalMs: setting({
    variable: 'TILLID_WITNESS_INTERVAL_MS',
    schema: count(50, 60_000),
    default: '1000',
    meaning: 'time between two trees that witnesses are asked about, at least',
    breaks: 'longer: cosigned receipts wait longer; shorter: more requests to people who ask nothing for it',
  }),
} as const;

export type AuditConfig = ConfigOf<typeof auditConfig>;
