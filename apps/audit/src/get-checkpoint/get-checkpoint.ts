import type { GetCheckpointReply, GetCheckpointRequest } from '@tillid/contracts/audit/v1/service';
import type { AuditRoom } from '../audit.room.js';
import { refuse } from '../domain/audit.refusals.js';

export async function getCheckpoint(room: Pick<AuditRoom, 'signedTree'>, _request: GetCheckpointRequest): Promise<GetCheckpointReply> {
  return { checkpoint: latestCheckpoint(room) };
}

export function latestCheckpoint({ signedTree }: Pick<AuditRoom, 'signedTree'>): string {
  const { checkpoint } = signedTree.head;
  if (checkpoint === '') throw refuse('checkpoint.not_yet', { retryAfterMs: 1000 });
  return checkpoint;
}
