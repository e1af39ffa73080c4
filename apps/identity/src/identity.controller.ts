import { Inject } from '@nestjs/common';
import { IdentityServiceService, KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { type Call, RpcController } from '@tillid/service';
import { blockCitizen } from './block-citizen/block-citizen.js';
import { closeCitizen } from './close-citizen/close-citizen.js';
import { IDENTITY_PARTS, type IdentityHandlers, type IdentityParts, type KeyRingHandlers } from './identity.parts.js';
import { matchNationalNumber } from './match-national-number/match-national-number.js';
import { proveIdentity } from './prove-identity/prove-identity.js';
import { readCitizen } from './read-citizen/read-citizen.js';
import { registerCitizen } from './register-citizen/register-citizen.js';
import { releaseAttributes } from './release-attributes/release-attributes.js';
import { unblockCitizen } from './unblock-citizen/unblock-citizen.js';
import { useCitizenKey } from './use-citizen-key/use-citizen-key.js';

type Slice<Request, Reply> = (parts: IdentityParts) => (request: Request, call: Call) => Promise<Reply>;

/** Who a citizen is, in the order of a citizen's life. Who may call what stands in the proto. */
@RpcController(IdentityServiceService)
export class IdentityController implements IdentityHandlers {
  constructor(@Inject(IDENTITY_PARTS) private readonly parts: IdentityParts) {}

  readonly registerCitizen = this.rpc(registerCitizen);
  readonly proveIdentity = this.rpc(proveIdentity);
  readonly readCitizen = this.rpc(readCitizen);
  readonly matchNationalNumber = this.rpc(matchNationalNumber);
  readonly releaseAttributes = this.rpc(releaseAttributes);
  readonly blockCitizen = this.rpc(blockCitizen);
  readonly unblockCitizen = this.rpc(unblockCitizen);
  readonly closeCitizen = this.rpc(closeCitizen);

  private rpc<Request, Reply>(slice: Slice<Request, Reply>) {
    return (request: Request, call: Call): Promise<Reply> => slice(this.parts)(request, call);
  }
}

/** The key ring, for the services of the installation. */
@RpcController(KeyRingServiceService)
export class KeyRingController implements KeyRingHandlers {
  constructor(@Inject(IDENTITY_PARTS) private readonly parts: IdentityParts) {}

  readonly useCitizenKey: KeyRingHandlers['useCitizenKey'] = (request, call) => useCitizenKey(this.parts)(request, call);
}
