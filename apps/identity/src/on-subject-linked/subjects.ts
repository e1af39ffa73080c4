import { Refused } from '@tillid/kernel';
import type { ReadModelTable } from '@tillid/eventsourcing';
import type { SubjectDocument } from './subjects.read-model.js';

/** Resolves when we have taken in all that authentication had when asked; false at the deadline. */
export type CatchUp = (options: { readonly deadlineMs: number; readonly signal: AbortSignal }) => Promise<boolean>;

export class Subjects {
  constructor(
    private readonly table: Pick<ReadModelTable<SubjectDocument>, 'get'>,
    private readonly catchUp: CatchUp,
  ) {}

  /** The citizen a client knows by this pseudonym. Another client's pseudonym is as unknown as one that never was. */
  async citizenOf(pseudonym: string, clientId: string, options: Parameters<CatchUp>[0]): Promise<string | undefined> {
    const subject = (await this.table.get(pseudonym)) ?? (await this.hearAndLookAgain(pseudonym, options));
    return subject?.clientId === clientId ? subject.citizenId : undefined;
  }

  /** A pseudonym we have not heard of may only be new: "unknown" is said after hearing all that authentication knew. */
  private async hearAndLookAgain(pseudonym: string, options: Parameters<CatchUp>[0]): Promise<SubjectDocument | undefined> {
    // Not caught up by the deadline, we cannot know: that is not a no.
    if (!(await this.catchUp(options))) throw new Refused('peer.behind', 'busy', { retryAfterMs: 1000 });
    return this.table.get(pseudonym);
  }
}
