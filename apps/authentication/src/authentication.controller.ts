import { AuthenticationServiceService } from '@tillid/contracts/authentication/v1/service';
import { type Call, type Handlers, RpcController } from '@tillid/service';
import { abandonSignIn } from './abandon-sign-in/abandon-sign-in.js';
import { activateKey } from './activate-key/activate-key.js';
import { Authentication } from './authentication.js';
import { beginSignIn } from './begin-sign-in/begin-sign-in.js';
import { blockKey } from './block-key/block-key.js';
import { changePassword } from './change-password/change-password.js';
import { collectCodeCard } from './collect-code-card/collect-code-card.js';
import { endSession } from './end-session/end-session.js';
import { introspectToken } from './introspect-token/introspect-token.js';
import { issueActivationCode } from './issue-activation-code/issue-activation-code.js';
import { listSessions } from './list-sessions/list-sessions.js';
import { redeemSignIn } from './redeem-sign-in/redeem-sign-in.js';
import { registerClient } from './register-client/register-client.js';
import { submitCode } from './submit-code/submit-code.js';
import { submitPassword } from './submit-password/submit-password.js';
import { takeSignIn } from './take-sign-in/take-sign-in.js';

type UseCase<Request, Reply> = (service: Authentication, request: Request, call: Call) => Promise<Reply>;

/** The table of contents, in the order of a key's life. Who may call what stands in the proto. */
@RpcController(AuthenticationServiceService)
export class AuthenticationController implements Handlers<typeof AuthenticationServiceService> {
  constructor(private readonly service: Authentication) {}

  readonly registerClient = this.rpc(registerClient);

  readonly issueActivationCode = this.rpc(issueActivationCode);
  readonly activateKey = this.rpc(activateKey);
  readonly changePassword = this.rpc(changePassword);
  readonly collectCodeCard = this.rpc(collectCodeCard);
  readonly blockKey = this.rpc(blockKey);

  readonly beginSignIn = this.rpc(beginSignIn);
  readonly takeSignIn = this.rpc(takeSignIn);
  readonly submitPassword = this.rpc(submitPassword);
  readonly submitCode = this.rpc(submitCode);
  readonly abandonSignIn = this.rpc(abandonSignIn);
  readonly redeemSignIn = this.rpc(redeemSignIn);

  readonly introspectToken = this.rpc(introspectToken);
  readonly listSessions = this.rpc(listSessions);
  readonly endSession = this.rpc(endSession);

  private rpc<Request, Reply>(useCase: UseCase<Request, Reply>) {
    return (request: Request, call: Call): Promise<Reply> => useCase(this.service, request, call);
  }
}
