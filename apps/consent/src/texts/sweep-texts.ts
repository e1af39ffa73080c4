import type { ConsentRoom } from '../room.js';
import { dayMs } from '../domain/frequency.js';
import { consentStream } from '../domain/streams.js';

const pageSize = 500;

/** A text is kept before the event that names its consent; after a crash, a refusal or a retry nothing may name it. */
export async function sweepTexts({ vault, log }: Pick<ConsentRoom, 'vault' | 'log'>): Promise<number> {
  let swept = 0;
  for (let after: string | undefined; ; ) {
    const ids = await vault.list(log.clock.nowMs() - dayMs, after, pageSize);
    const revisions = await Promise.all(ids.map((id) => log.store.lastRevision(consentStream(id))));
    const orphans = ids.filter((_, index) => revisions[index] === 0);
    if (orphans.length > 0) await vault.delete(orphans);
    swept += orphans.length;
    if (ids.length < pageSize) return swept;
    after = ids.at(-1);
  }
}
