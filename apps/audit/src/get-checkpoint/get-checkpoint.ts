import type { GetCheckpointReply, GetCheckpointRequest } from '@tillid/contracts/audit/v1/service';
import type { AuditRoom } from '../audit.room.js';
import { refuse } from '../domain/audit.refusals.js';

type CheckpointRoom = Pick<AuditRoom, 'signedTree' | 'cosignedTree'>;

export async function getCheckpoint(room: CheckpointRoom, { cosigned }: GetCheckpointRequest): Promise<GetCheckpointReply> {
  return { checkpoint: cosigned ? cosignedCheckpoint(room) : latestCheckpoint(room) };
}

/** The newest tree signed, with the cosignatures there are for that very tree. */
export function latestCheckpoint({ signedTree, cosignedTree }: CheckpointRoom): string {
  if (signedTree.head.checkpoint === '') throw refuse('checkpoint.not_yet', { retryAfterMs: 1000 });
  return cosignedTree.checkpointOf(signedTree.head);
}

/** The last tree that the quorum of witnesses has seen. */
export function cosignedCheckpoint({ cosignedTree: { cosigned } }: Pick<AuditRoom, 'cosignedTree'>): string {
  if (cosigned === undefined) throw refuse('checkpoint.not_cosigned');
  return cosigned.checkpoint;
}
