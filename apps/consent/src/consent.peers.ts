import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { SubjectServiceService } from '@tillid/contracts/authentication/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import { CitizenKeys } from '@tillid/rpc';
import type { Shell } from '@tillid/service';
import type { Peers } from './room.js';

/** The other services, over mTLS. */
export function peersOf(shell: Pick<Shell, 'peer' | 'clock'>): Peers {
  const feed = shell.peer('authentication', FeedServiceService);
  const subjects = shell.peer('authentication', SubjectServiceService);
  const audit = shell.peer('audit', AuditServiceService);
  const keys = new CitizenKeys(shell.peer('identity', KeyRingServiceService), shell.clock);
  return {
    headPosition: async (deadlineMs) => (await feed.getHead({}, { deadlineMs })).head?.position ?? 0,
    linkSubject: async (citizenId, clientId, deadlineMs) => (await subjects.linkSubject({ citizenId, clientId }, { deadlineMs })).pseudonym,
    integratedPosition: async (deadlineMs) => (await audit.getSourceEnd({}, { deadlineMs })).integratedPosition,
    citizenKey: (citizenId, deadlineMs) => keys.keyOf(citizenId, { deadlineMs }),
  };
}
