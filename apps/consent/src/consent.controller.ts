import { Inject } from '@nestjs/common';
import { ConsentServiceService } from '@tillid/contracts/consent/v1/service';
import { RpcController, type Call, type Handlers } from '@tillid/service';
import { authorizeShare } from './authorize-share/authorize-share.js';
import { completeShare } from './complete-share/complete-share.js';
import { grantConsent } from './grant-consent/grant-consent.js';
import { listConsents } from './list-consents/list-consents.js';
import { refuseConsent } from './refuse-consent/refuse-consent.js';
import { registerAgreement } from './register-agreement/register-agreement.js';
import { requestConsent } from './request-consent/request-consent.js';
import { requestShare } from './request-share/request-share.js';
import { CONSENT_ROOM, type ConsentRoom } from './room.js';
import { withdrawConsent } from './withdraw-consent/withdraw-consent.js';

type Slice<Request, Reply> = (room: ConsentRoom, request: Request, call: Call) => Promise<Reply>;

/** What may be shared, in the order of a consent's life. Who may call what stands in the proto. */
@RpcController(ConsentServiceService)
export class ConsentController implements Handlers<typeof ConsentServiceService> {
  constructor(@Inject(CONSENT_ROOM) private readonly room: ConsentRoom) {}

  readonly registerAgreement = this.rpc(registerAgreement);
  readonly requestConsent = this.rpc(requestConsent);
  readonly grantConsent = this.rpc(grantConsent);
  readonly refuseConsent = this.rpc(refuseConsent);
  readonly requestShare = this.rpc(requestShare);
  readonly authorizeShare = this.rpc(authorizeShare);
  readonly completeShare = this.rpc(completeShare);
  readonly withdrawConsent = this.rpc(withdrawConsent);
  readonly listConsents = this.rpc(listConsents);

  private rpc<Request, Reply>(slice: Slice<Request, Reply>) {
    return (request: Request, call: Call): Promise<Reply> => slice(this.room, request, call);
  }
}
