import { SpanKind } from '@opentelemetry/api';
import { Refused, type Clock, type Ids } from '@tillid/kernel';
import { attributeNames, inSpan, instruments, requestContext, withCorrelationId, type Logger } from '@tillid/runtime';
import type { Call } from '../call.js';
import type { Admitted, RegisteredRpc } from '../gate/admitted.js';
import type { Gate } from '../gate/gate.js';
import { CommandContexts } from './command-contexts.js';
import { refusalOf } from './wire-errors.js';

export interface PipelineParts {
  readonly gate: Gate;
  /** Makes fingerprints; 32 bytes, not in the store. */
  readonly callSecret: Uint8Array;
  /** Resolves when the service has taken a position in ("consent/0@17"). */
  readonly waitForPosition: (position: string, deadlineMs: number, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

export interface Reply {
  readonly bytes: Buffer;
  /** For the `tillid-position` of the reply. */
  readonly position?: string;
}

/** No answer in time. The work may go on; a retry with the same key finds out. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

export const requestBytesMax = 64 * 1024;
export const deadlines = { defaultMs: 10_000, maxMs: 60_000 } as const;

/** From an admitted call and its bytes to the bytes of the reply; knows no transport. Throws Refused, DeadlineExceeded, or a fault. */
export class Pipeline {
  constructor(private readonly parts: PipelineParts) {}

  async unary(rpc: RegisteredRpc, admitted: Admitted, bytes: Uint8Array, hungUp: AbortSignal): Promise<Reply> {
    const startedMs = this.parts.clock.nowMs();
    const deadlineMs = Math.min(admitted.deadlineMs === Infinity ? startedMs + deadlines.defaultMs : admitted.deadlineMs, startedMs + deadlines.maxMs);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new DeadlineExceeded()), Math.max(0, deadlineMs - startedMs));
    const signal = AbortSignal.any([hungUp, deadline.signal]);
    let position: string | undefined;
    try {
      return await this.traced(rpc, admitted, async () => {
        const request = decode(rpc, bytes);
        const call = this.callOf(rpc, admitted, bytes, request, deadlineMs, signal, (written) => (position = written));
        await this.waitForMinPosition(admitted, deadlineMs, signal);
        const replied = (rpc.handler as (request: object, call: Call) => Promise<object>)(request, call);
        const reply = await Promise.race([replied, aborted(deadline.signal)]);
        return { bytes: rpc.definition.responseSerialize(reply), ...(position !== undefined && { position }) };
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Messages one at a time: the next is asked for when the last has been taken. */
  async *stream(rpc: RegisteredRpc, admitted: Admitted, bytes: Uint8Array, hungUp: AbortSignal): AsyncGenerator<Buffer> {
    const request = decode(rpc, bytes);
    const call = this.callOf(rpc, admitted, bytes, request, admitted.deadlineMs, hungUp, () => undefined);
    await this.waitForMinPosition(admitted, Math.min(admitted.deadlineMs, this.parts.clock.nowMs() + deadlines.defaultMs), hungUp);
    const messages = (rpc.handler as (request: object, call: Call) => AsyncIterable<object>)(request, call);
    for await (const message of messages) {
      // A stream may go on for as long as the process does, the right to read it only as long as the certificate.
      if (admitted.caller.validUntilMs <= this.parts.clock.nowMs()) throw new Refused('call.unauthenticated', 'unauthenticated');
      yield rpc.definition.responseSerialize(message);
    }
  }

  private callOf(rpc: RegisteredRpc, admitted: Admitted, bytes: Uint8Array, request: object, deadlineMs: number, signal: AbortSignal, wrotePosition: (position: string) => void): Call {
    const { caller, rule, citizen, token, correlationId } = admitted;
    const { path } = rpc.definition;
    const idempotencyKey = keyOf(request, rule.changes);
    let subject = citizen?.subject;
    const contexts = new CommandContexts({ caller, subject: () => subject, rpc: path, idempotencyKey, request: bytes, correlationId, deadlineMs }, this.parts.callSecret, this.parts.ids);
    let shown: ReturnType<Gate['citizen']> | undefined;
    return {
      caller,
      ...(citizen && { citizen }),
      rpc: path,
      idempotencyKey,
      correlationId,
      signal,
      deadlineMs,
      context: (step) => contexts.context(step),
      contextOf: (...parts) => contexts.contextOf(parts),
      keyFor: (step) => contexts.keyFor(step),
      requireCitizen: async () => {
        const required = await (shown ??= citizen ? Promise.resolve(citizen) : this.parts.gate.citizen(token, caller, caller.kind === 'citizen_agent' ? 'own_rooms' : 'at_receiver', path, deadlineMs));
        subject = required.subject;
        return required;
      },
      recordRefusal: (reason, { onlyCounted = false, ...more } = {}) => this.parts.gate.refused({ caller, rpc: path, reason, ...more }, onlyCounted),
      wrotePosition,
    };
  }

  private async waitForMinPosition({ minPosition }: Admitted, deadlineMs: number, signal: AbortSignal): Promise<void> {
    if (minPosition === undefined) return;
    if (!/^[a-z]{1,20}\/\d{1,4}@\d{1,15}$/.test(minPosition)) throw malformed('tillid-min-position', 'is not "<source>@<position>"');
    await Promise.race([this.parts.waitForPosition(minPosition, deadlineMs, signal), aborted(signal)]);
  }

  private traced<Result>(rpc: RegisteredRpc, admitted: Admitted, work: () => Promise<Result>): Promise<Result> {
    const name = rpc.definition.path.slice(1);
    const startedMs = performance.now();
    const labels = { [attributeNames.rpcMethod]: name, [attributeNames.callerKind]: admitted.caller.kind };
    const parent = withCorrelationId(requestContext(admitted.traceParent), admitted.correlationId);
    return inSpan(name, { kind: SpanKind.SERVER, parent, attributes: { ...labels, [attributeNames.rpcSystem]: 'grpc', [attributeNames.correlationId]: admitted.correlationId } }, async (span) => {
      let refusal = '';
      try {
        return await work();
      } catch (error) {
        refusal = refusalOf(error)?.code ?? (error instanceof DeadlineExceeded ? 'call.deadline_exceeded' : 'call.failed');
        span.setAttribute(attributeNames.refusal, refusal);
        if (refusal === 'call.failed') this.parts.logger.error({ err: error, rpc: name, correlationId: admitted.correlationId }, 'an rpc failed');
        else if (!declared(admitted, refusal)) this.parts.logger.warn({ rpc: name, refusal }, 'a refusal that its rpc does not declare');
        throw error;
      } finally {
        instruments().rpcDurationMs.record(performance.now() - startedMs, { ...labels, [attributeNames.refusal]: refusal });
      }
    });
  }
}

function decode(rpc: RegisteredRpc, bytes: Uint8Array): object {
  if (bytes.length > requestBytesMax) throw new Refused('call.too_large', 'invalid');
  try {
    return rpc.definition.requestDeserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) as object;
  } catch {
    throw new Refused('call.malformed', 'invalid');
  }
}

function keyOf(request: object, required: boolean): string {
  const { idempotencyKey } = request as { idempotencyKey?: unknown };
  const key = typeof idempotencyKey === 'string' ? idempotencyKey : '';
  if (!required && key === '') return '';
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(key)) throw malformed('idempotency_key', 'must be 16 to 64 of A-Z a-z 0-9 _ -');
  return key;
}

function malformed(field: string, description: string): Refused {
  return new Refused('call.malformed', 'invalid', { fields: [{ field, description }] });
}

/** Rejects when the signal is aborted; never resolves. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason instanceof DeadlineExceeded ? signal.reason : new DeadlineExceeded());
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

const everyRpc = /^(call|token|store|event|peer)\./;

/** Whether the proto tells callers of this refusal; those every rpc has need no telling. */
export function declared({ rule }: Pick<Admitted, 'rule'>, refusal: string): boolean {
  return everyRpc.test(refusal) || rule.refusals.includes(refusal);
}
