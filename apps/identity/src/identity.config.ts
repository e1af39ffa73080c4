import { count, serviceSettings, setting, type ConfigOf } from '@tillid/runtime';

/** Every setting of this service. */
export const identityConfig = {
  ...serviceSettings,
  foldsCached: setting({
    variable: 'TILLID_IDENTITY_FOLDS_CACHED',
    schema: count(100, 1_000_000),
    default: '10000',
    meaning: 'streams of citizens and their keys held in memory, folded, at about 1 KB each',
    breaks: "too few: a key's first use of a day reads its whole stream; too many: memory",
  }),
  keyEncryptionKeyDays: setting({
    variable: 'TILLID_IDENTITY_KEY_ENCRYPTION_KEY_DAYS',
    schema: count(1, 366),
    default: '30',
    meaning: "how long a key-encryption key wraps citizens' keys before a new one does",
    breaks: 'longer: an erased key stays in backups for longer; shorter: every key is wrapped again more often',
  }),
  keyRingBackupDays: setting({
    variable: 'TILLID_IDENTITY_KEY_RING_BACKUP_DAYS',
    schema: count(1, 366),
    default: '35',
    meaning: 'how long a retired key-encryption key is kept, so that backups of the key ring still open',
    breaks: 'shorter than backups are kept: the oldest of them cannot be restored; longer: erasure reaches them later',
  }),
} as const;

export type IdentityConfig = ConfigOf<typeof identityConfig>;
