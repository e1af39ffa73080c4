import type { GetCheckpointReply, GetCheckpointRequest } from '@tillid/contracts/audit/v1/service';
import type { AuditRoom } from '../audit.room.js';

export async function getCheckpoint({ integrator }: AuditRoom, _request: GetCheckpointRequest): Promise<GetCheckpointReply> {
  return { checkpoint: integrator.head.checkpoint };
}
