import type { AuditRoom } from '../audit.room.js';

/** Whether an event under this subject is about the citizen, by whatever name. */
export async function isOwn(room: Pick<AuditRoom, 'links'>, citizenId: string, subject: string): Promise<boolean> {
  return subject === citizenId || (subject !== '' && (await room.links.get(subject))?.citizenId === citizenId);
}
