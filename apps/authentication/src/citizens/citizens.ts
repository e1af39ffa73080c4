import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { ReadModelTable } from '@tillid/eventsourcing';
import { refuse } from '../domain/authentication.refusals.js';
import type { KnownCitizen } from './citizens.read-model.js';

/** Citizens as identity's feed tells of them. */
export class Citizens {
  constructor(
    private readonly table: ReadModelTable<KnownCitizen>,
    /** Asks identity how far it is and waits, within the deadline, until its feed has brought that much. */
    private readonly caughtUpWithIdentity: (deadlineMs?: number) => Promise<void>,
  ) {}

  /** As far as has arrived; of someone not known, nothing good. */
  async now(citizenId: string): Promise<{ readonly open: boolean; readonly status: KnownCitizen['status'] | 'unknown'; readonly proof: AssuranceLevel }> {
    const known = await this.table.get(citizenId);
    return { open: known?.status === 'active', status: known?.status ?? 'unknown', proof: known?.proof ?? 0 };
  }

  /**
   * Refused only once everything identity had has arrived and the citizen is not in it. Someone who is not `ready` for
   * what is asked may have become so a moment ago: that, too, is found out first.
   */
  async known(citizenId: string, deadlineMs?: number, ready: (citizen: KnownCitizen) => boolean = () => true): Promise<KnownCitizen> {
    const here = await this.table.get(citizenId);
    if (here && ready(here)) return here;
    await this.caughtUpWithIdentity(deadlineMs);
    const late = await this.table.get(citizenId);
    if (!late) throw refuse('citizen.unknown');
    return late;
  }

  refuseUnlessOpen(status: KnownCitizen['status'] | 'unknown'): void {
    if (status === 'blocked') throw refuse('citizen.blocked');
    if (status === 'closed') throw refuse('citizen.closed');
    if (status === 'unknown') throw refuse('citizen.unknown');
  }
}
