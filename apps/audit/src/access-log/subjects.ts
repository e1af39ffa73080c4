import type { AuditRoom } from '../audit.room.js';
import { everyone } from './entry-events.js';

const linksPerPage = 200;

/** Every name under which events are about this citizen. */
export async function subjectsOf({ links }: Pick<AuditRoom, 'links'>, citizenId: string): Promise<readonly string[]> {
  const subjects = [citizenId, everyone];
  let after: readonly (string | number)[] | undefined;
  do {
    const page = await links.page({ index: 'byCitizen', equals: [citizenId], ...(after && { after }), limit: linksPerPage });
    subjects.push(...page.documents.map(({ pseudonym }) => pseudonym));
    after = page.next;
  } while (after !== undefined);
  return subjects;
}

export async function isOwn(room: Pick<AuditRoom, 'links'>, citizenId: string, subject: string): Promise<boolean> {
  return subject === citizenId || (subject !== '' && (await room.links.get(subject))?.citizenId === citizenId);
}
