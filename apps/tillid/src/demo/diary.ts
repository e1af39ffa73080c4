import { Refused } from '@tillid/kernel';
import type { Around, OutgoingCall } from '../system/party.js';

/** A change the system said yes to: it must be in the record for ever. */
export interface Acknowledged {
  readonly caller: string;
  readonly rpc: string;
  readonly idempotencyKey: string;
  /** "consent/0@17"; empty when the reply named none (a repeated reply of a call that wrote nothing). */
  readonly position: string;
  readonly atMs: number;
  readonly tries: number;
}

const patienceMs = 90_000;
const pauseMs = 150;
const passingCodes: readonly string[] = ['store.full', 'call.too_many'];

/** Writes down every call of the day: what was acknowledged, what was refused, and all that relying services got to see. */
export class Diary {
  readonly acknowledged: Acknowledged[] = [];
  readonly refusals: { readonly caller: string; readonly rpc: string; readonly code: string }[] = [];
  readonly received: Record<string, { readonly rpc: string; readonly reply: unknown }[]> = {};

  /** `keepGoing`: a service that is away is called again with the same idempotency key until it is back. */
  constructor(private readonly keepGoing: boolean) {}

  readonly around: Around = async (call) => {
    const caller = `${call.caller.kind}/${call.caller.id}`;
    const untilMs = Date.now() + patienceMs;
    for (let tries = 1; ; tries++) {
      try {
        return await this.sendOnce(call, caller, tries);
      } catch (error) {
        if (this.keepGoing && mayPass(error) && Date.now() < untilMs) {
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
          continue;
        }
        if (error instanceof Refused) this.refusals.push({ caller, rpc: call.rpc, code: error.code });
        throw error;
      }
    }
  };

  private async sendOnce(call: OutgoingCall, caller: string, tries: number): Promise<unknown> {
    let position = '';
    const reply = await call.send({ onPosition: (written) => (position = written) });
    const { idempotencyKey } = call.request;
    if (idempotencyKey !== undefined) this.acknowledged.push({ caller, rpc: call.rpc, idempotencyKey, position, atMs: Date.now(), tries });
    if (call.caller.kind === 'relying_service') (this.received[call.caller.id] ??= []).push({ rpc: call.rpc, reply });
    return reply;
  }
}

/** The service is away or too busy now, and the same call may succeed later: nothing was decided against it. A throttled guess of a password was. */
function mayPass(error: unknown): boolean {
  return error instanceof Refused && (error.kind === 'unknown_outcome' || error.kind === 'conflict' || passingCodes.includes(error.code));
}
