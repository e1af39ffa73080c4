import { Refused } from '@tillid/kernel';
import { parsePosition } from '@tillid/rpc';
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

  /** The last thing each service said yes to, by the name of the service. */
  private readonly seen = new Map<string, { readonly source: string; readonly position: number }>();

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

  private remember(position: string): void {
    const written = parsePosition(position);
    const service = written?.source.split('/')[0] ?? '';
    if (written && written.position > (this.seen.get(service)?.position ?? 0)) this.seen.set(service, written);
  }

  private async sendOnce(call: OutgoingCall, caller: string, tries: number): Promise<unknown> {
    let position = '';
    // Whoever looks has heard what was said before: a replica that has not yet is to wait until it has.
    const seen = call.request.idempotencyKey === undefined ? this.seen.get(serviceOf(call.rpc)) : undefined;
    const reply = await call.send({ onPosition: (written) => (position = written), ...(seen && { minPosition: `${seen.source}@${seen.position}` }) });
    this.remember(position);
    const { idempotencyKey } = call.request;
    if (idempotencyKey !== undefined) this.acknowledged.push({ caller, rpc: call.rpc, idempotencyKey, position, atMs: Date.now(), tries });
    if (call.caller.kind === 'relying_service') (this.received[call.caller.id] ??= []).push({ rpc: call.rpc, reply });
    return reply;
  }
}

/** "/tillid.consent.v1.ConsentService/ListConsents" -> "consent". */
function serviceOf(rpc: string): string {
  return rpc.split('.')[1] ?? '';
}

/** The service is away or too busy now, and the same call may succeed later: nothing was decided against it. A throttled guess of a password was. */
function mayPass(error: unknown): boolean {
  return error instanceof Refused && (error.kind === 'unknown_outcome' || error.kind === 'conflict' || passingCodes.includes(error.code));
}
