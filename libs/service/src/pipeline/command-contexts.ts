import { commandIdOf, derivedContext, fingerprintOf, hashOf, type CommandContext } from '@tillid/eventsourcing';
import type { Ids } from '@tillid/kernel';
import { currentTraceParent } from '@tillid/runtime';
import type { Caller } from '../call.js';

/** Where the commands of one call get their ids: same caller, rpc, key and step, same id; nothing else in common. */
export class CommandContexts {
  constructor(
    private readonly call: {
      readonly caller: Caller;
      /** Whose token was shown, as far as anyone has looked. */
      readonly subject: () => string | undefined;
      readonly rpc: string;
      readonly idempotencyKey: string;
      readonly request: Uint8Array;
      readonly correlationId: string;
      readonly deadlineMs: number;
    },
    private readonly secret: Uint8Array,
    private readonly ids: Ids,
  ) {}

  context(step?: string): CommandContext {
    const { idempotencyKey, request, rpc, subject } = this.call;
    // The same words for another citizen are another request: one agent acts for many, and may mix up its keys.
    const caller = [this.callerName, subject()].filter(Boolean).join(' for ');
    const context = this.about(
      idempotencyKey === '' ? this.ids.bytes(16) : commandIdOf(this.callerName, rpc, idempotencyKey),
      fingerprintOf(this.secret, caller, idempotencyKey, request),
    );
    return step === undefined ? context : derivedContext(context, step);
  }

  contextOf(parts: readonly string[]): CommandContext {
    return this.about(hashOf('parts', ...parts).subarray(0, 16), hashOf('parts-fingerprint', ...parts));
  }

  keyFor(step: string): string {
    const { idempotencyKey, rpc } = this.call;
    return (idempotencyKey === '' ? this.ids.bytes(32) : hashOf('key', this.callerName, rpc, idempotencyKey, step)).toString('base64url');
  }

  private about(commandId: Uint8Array, fingerprint: Uint8Array): CommandContext {
    const { correlationId, deadlineMs } = this.call;
    const traceParent = currentTraceParent();
    return { commandId, fingerprint, correlationId, ...(traceParent && { traceParent }), ...(Number.isFinite(deadlineMs) && { deadlineMs }) };
  }

  private get callerName(): string {
    return `${this.call.caller.kind}/${this.call.caller.id}`;
  }
}
