import type { GetCoverageReply, GetCoverageRequest } from '@tillid/contracts/audit/v1/service';
import type { AuditRoom } from '../audit.room.js';
import { coverageOf } from './coverage.js';

export async function getCoverage(room: AuditRoom, _request: GetCoverageRequest): Promise<GetCoverageReply> {
  return { coverage: await coverageOf(room) };
}
