import { createHash } from 'node:crypto';
import type { Decider } from '@tillid/eventsourcing';
import { Result } from '@tillid/contracts/event/v1/event';
import type { Ids } from '@tillid/kernel';
import { actorOf, type Caller } from '@tillid/service';
import type { AuthenticationEvent } from '../domain/authentication.events.js';
import { streams } from '../domain/streams.js';
import { type AuthenticationLog, type LoggedEvent, write } from '../log/authentication-log.js';

type Misused = Extract<AuthenticationEvent, { type: 'TokenMisused' }>;

export interface Misuse {
  readonly caller: Caller;
  readonly rpc: string;
  readonly reason: string;
  readonly tokenId: string;
  readonly count: number;
}

/** There is nothing to decide: it happened. The stream also holds what the shell refused to the same caller. */
const misused: Decider<Misused, null, LoggedEvent> = { initial: null, decide: (event) => [event], evolve: () => null };

/** A token of ours in the wrong hands, on the stream of the caller that showed it; the token's id only as a hash. The shell counts what is too much. */
export class MisuseLog {
  constructor(
    private readonly log: AuthenticationLog,
    private readonly ids: Ids,
  ) {}

  async record({ caller, rpc, reason, tokenId, count }: Misuse): Promise<void> {
    const context = { commandId: this.ids.bytes(16), fingerprint: this.ids.bytes(32), correlationId: this.ids.newId() };
    const tokenIdHash = createHash('sha256').update(tokenId).digest('base64url');
    await this.log.handle(context, [
      write({
        stream: streams.caller(caller.kind, caller.id),
        decider: misused,
        command: { type: 'TokenMisused', tokenIdHash, rpc, reason, count },
        envelope: () => ({ actor: actorOf(caller), outcome: { result: Result.REFUSED, reason } }),
      }),
    ]);
  }
}
