import { readModel, type LogOwner } from '@tillid/eventsourcing';

/** As far as a log goes, and what is needed to number on. `position`: of the entry of the ledger that made it so. */
export type OwnLogDocument =
  | { readonly kind: 'log'; readonly owner: LogOwner; readonly bucket: number; readonly number: number; readonly chain: string; readonly position: number }
  | { readonly kind: 'link'; readonly pseudonym: string; readonly citizenId: string; readonly position: number }
  /** Events that came before the link of their pseudonym: kept, as `owned`, when they have their numbers, since the same entries may be applied again. */
  | { readonly kind: 'unowned' | 'owned'; readonly pseudonym: string; readonly events: readonly { readonly position: number; readonly leafHash: string }[] };

export const ownLogKey = (owner: LogOwner) => `log ${owner}`;
export const linkKey = (pseudonym: string) => `link ${pseudonym}`;
export const unownedKey = (pseudonym: string) => `unowned ${pseudonym}`;

export const ownLogsModel = readModel<OwnLogDocument>({
  name: 'own-logs',
  version: 2,
  key: (document) => (document.kind === 'log' ? ownLogKey(document.owner) : document.kind === 'link' ? linkKey(document.pseudonym) : unownedKey(document.pseudonym)),
  // Only logs have a bucket; the others stand behind them all, those that wait for a link together.
  indexes: { byBucket: (document) => (document.kind === 'log' ? [document.bucket, document.owner] : [document.kind, document.pseudonym]) },
});

/** One line of someone's log: the entry is in the ledger. Hashes in base64. */
export interface OwnLogLineDocument {
  readonly owner: LogOwner;
  readonly number: number;
  readonly leafIndex: number;
  /** Position of the entry that gave it its number: its own, or the link it waited for. */
  readonly numberedAt: number;
  readonly leafHash: string;
  readonly chain: string;
}

export const ownLogLinesModel = readModel<OwnLogLineDocument>({
  name: 'own-log-lines',
  version: 1,
  key: ({ owner, number }) => `${owner} ${number}`,
  indexes: {
    byOwner: ({ owner, number }) => [owner, number],
    byNumberedAt: ({ numberedAt, owner, number }) => [numberedAt, owner, number],
  },
});
