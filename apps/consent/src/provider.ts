import { ActorKind } from '@tillid/contracts/event/v1/event';
import type { Caller } from '@tillid/service';

/** The register itself, which calls as a service of the installation. */
export const identityAsProvider = 'identity';

/**
 * Under which provider id a caller may act. A relying service that got itself the id "identity" is not the register:
 * the kind in the certificate tells them apart.
 */
export function providerIdOf(caller: Caller): string | undefined {
  if (caller.kind === 'service') return caller.id === identityAsProvider ? identityAsProvider : undefined;
  return caller.id === identityAsProvider ? undefined : caller.id;
}

export function providerActor(caller: Caller) {
  return { kind: caller.kind === 'service' ? ActorKind.SERVICE : ActorKind.RELYING_SERVICE, id: caller.id };
}
