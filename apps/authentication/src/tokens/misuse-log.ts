import { createHash } from 'node:crypto';
import type { Decider } from '@tillid/eventsourcing';
import { Result } from '@tillid/contracts/event/v1/event';
import type { Clock, Ids } from '@tillid/kernel';
import type { Caller } from '@tillid/service';
import type { AuthenticationEvent } from '../domain/authentication.events.js';
import { streams } from '../domain/streams.js';
import { type AuthenticationLog, type LoggedEvent, write } from '../log/authentication-log.js';
import { actorOf } from '../log/envelopes.js';

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

const perMinuteMax = 10;
const callersMax = 10_000;

/**
 * A token of ours in the wrong hands, on the stream of the caller that showed it; the token's id only as a hash. Beyond
 * ten a minute and caller one event counts the rest: in memory until then, and lost, with nothing else, in a crash.
 */
export class MisuseLog {
  private readonly minutes = new Map<string, { readonly minute: number; recorded: number; held: number }>();

  constructor(
    private readonly log: AuthenticationLog,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** One that this service saw itself. */
  async shown(misuse: Omit<Misuse, 'count'>): Promise<void> {
    const key = `${misuse.caller.kind}/${misuse.caller.id}`;
    const minute = Math.floor(this.clock.nowMs() / 60_000);
    const before = this.minutes.get(key);
    if (before?.minute === minute && before.recorded >= perMinuteMax) {
      before.held += 1;
      return;
    }
    const now = before?.minute === minute ? before : { minute, recorded: 0, held: 0 };
    if (before === undefined && this.minutes.size >= callersMax) this.minutes.clear();
    this.minutes.set(key, now);
    now.recorded += 1;
    const held = before && before.minute !== minute ? before.held : 0;
    await this.record({ ...misuse, count: 1 + held });
  }

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
