import { Inject } from '@nestjs/common';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { RpcController, type Call, type Handlers } from '@tillid/service';
import { AUDIT_ROOM, type AuditRoom } from './audit.room.js';
import { getCheckpoint } from './get-checkpoint/get-checkpoint.js';
import { getCoverage } from './get-coverage/get-coverage.js';
import { getEntry } from './get-entry/get-entry.js';
import { getOwnLogHead } from './get-own-log-head/get-own-log-head.js';
import { getReceipt } from './get-receipt/get-receipt.js';
import { listAccessLog } from './list-access-log/list-access-log.js';
import { replay } from './replay/replay.js';
import { getSourceEnd, replaySource } from './replay-source/replay-source.js';
import { streamMyEvents } from './stream-my-events/stream-my-events.js';

type Slice<Request, Answer> = (room: AuditRoom, request: Request, call: Call) => Answer;

/** The record, read. Nothing is written here but that it was read. Who may call what stands in the proto. */
@RpcController(AuditServiceService)
export class AuditController implements Handlers<typeof AuditServiceService> {
  constructor(@Inject(AUDIT_ROOM) private readonly room: AuditRoom) {}

  readonly listAccessLog = this.rpc(listAccessLog);
  readonly getEntry = this.rpc(getEntry);
  readonly getReceipt = this.rpc(getReceipt);
  readonly getOwnLogHead = this.rpc(getOwnLogHead);
  readonly streamMyEvents = this.rpc(streamMyEvents);
  readonly getCoverage = this.rpc(getCoverage);
  readonly replay = this.rpc(replay);
  readonly getCheckpoint = this.rpc(getCheckpoint);
  readonly getSourceEnd = this.rpc(getSourceEnd);
  readonly replaySource = this.rpc(replaySource);

  private rpc<Request, Answer>(slice: Slice<Request, Answer>) {
    return (request: Request, call: Call): Answer => slice(this.room, request, call);
  }
}
