import type { IndexValue, ReadModelTable } from '@tillid/eventsourcing';
import { type DirectoryEntry, keyOf, type OpenSession, type Subject } from './directory.read-model.js';

const pageSize = 100;

/** Look-ups over this service's own log. Eventual: who must not miss what was just written waits for it first. */
export class Directory {
  constructor(
    private readonly table: ReadModelTable<DirectoryEntry>,
    /** Resolves once everything up to a position is in, or throws a refusal when the deadline comes first. */
    readonly caughtUp: (position: number, deadlineMs?: number) => Promise<void>,
  ) {}

  /** Who holds, or held, the user id. */
  async citizenOfUserId(userId: string): Promise<string | undefined> {
    return (await this.table.get(keyOf('account', userId)))?.owner;
  }

  async citizenOfLetter(activationId: string): Promise<string | undefined> {
    return (await this.table.get(keyOf('letter', activationId)))?.owner;
  }

  /** Sessions of one pseudonym, in the order they started; their time may be up. */
  async sessionsOf(pseudonym: string, after: readonly IndexValue[] | undefined, limit: number): Promise<OpenSession[]> {
    const page = await this.table.page({ index: 'byOwner', equals: ['session', pseudonym], limit, ...(after && { after }) });
    return page.documents as OpenSession[];
  }

  /** Every pseudonym the citizen has, in a fixed order, from one on. */
  async *subjectsOf(citizenId: string, from = ''): AsyncGenerator<Subject> {
    let after: readonly IndexValue[] | undefined;
    do {
      const page = await this.table.page({ index: 'byOwner', equals: ['subject', citizenId], limit: pageSize, ...(after && { after }) });
      for (const subject of page.documents as Subject[]) if (subject.id >= from) yield subject;
      after = page.next;
    } while (after);
  }

  /** Every session of the citizen, wherever. */
  async *allSessionsOf(citizenId: string): AsyncGenerator<OpenSession> {
    for await (const { id } of this.subjectsOf(citizenId)) {
      let after: readonly IndexValue[] | undefined;
      do {
        const page = await this.table.page({ index: 'byOwner', equals: ['session', id], limit: pageSize, ...(after && { after }) });
        yield* page.documents as OpenSession[];
        after = page.next;
      } while (after);
    }
  }
}
