import { accessRules } from '@tillid/contracts/access';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { callerUri, parseCallerUri, systemIds, thumbprintOf, type CallerName, type CertifiedCaller } from '@tillid/crypto';
import { ProgressBook, type EventStore } from '@tillid/eventsourcing';
import { Refused, type Clock, type Ids } from '@tillid/kernel';
import { errorOfStatus, parsePosition, statusOfRefusal, waitForPosition, type ReplyOf, type RequestOf, type RpcDefinition } from '@tillid/rpc';
import { silentLogger, systemClock } from '@tillid/runtime';
import type { Citizen } from './call.js';
import { Gate } from './gate/gate.js';
import { RateLimit } from './gate/rate-limit.js';
import { RefusalLog } from './gate/refusal-log.js';
import { DeadlineExceeded, declared, Pipeline } from './pipeline/pipeline.js';
import { refusalOf } from './pipeline/wire-errors.js';
import { recordCallRefused } from './record-refusal.js';
import { registeredRpcs } from './registered-rpcs.js';
import type { TokenGuard } from './token-guard.js';

export interface InMemoryServiceParts {
  /** "consent". */
  readonly name: string;
  readonly controllers: readonly object[];
  readonly store: EventStore;
  readonly progress?: ProgressBook;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** The service's own guard, for real tokens; without it the citizen given with a call counts. */
  readonly tokens?: TokenGuard;
}

export interface InMemoryCallOptions {
  /** Whose token rides along, if any. */
  readonly citizen?: { readonly subject: string; readonly level?: AssuranceLevel; readonly sessionId?: string };
  /** A real token, when the service brought its own guard. */
  readonly token?: string;
  readonly minPosition?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onPosition?: (position: string) => void;
}

/**
 * For slices' specs: a service's controllers behind everything but TLS and sockets. Same gate, rates, decoding, keys,
 * deadlines, recorded refusals; requests and replies go through their bytes.
 *
 *   const service = inMemoryService({ name: 'consent', controllers: [controller], store, clock, ids });
 *   const bank = service.as({ kind: 'relying_service', id: 'fjordbanken' });
 *   await bank.call(ConsentServiceService.requestConsent, { idempotencyKey, ... });
 */
export function inMemoryService(parts: InMemoryServiceParts) {
  const { store, clock = systemClock, ids = systemIds, progress = new ProgressBook(), tokens = trustingGuard } = parts;
  const source = `${parts.name}/0`;
  const callSecret = Buffer.alloc(32, 7);
  const rpcs = new Map(registeredRpcs(parts.controllers).map((rpc) => [rpc.definition.path, rpc]));
  const refusals = new RefusalLog(clock, { ...silentLogger, error: (fields) => Promise.reject(new Error('a broken rule could not be recorded', { cause: fields })) }, async (broken) => {
    if (broken.tokenId !== undefined && tokens.recordMisuse) await tokens.recordMisuse({ ...broken, tokenId: broken.tokenId });
    else await recordCallRefused({ store, source, clock, ids }, broken);
  });
  const gate = new Gate({ rules: accessRules, rates: new RateLimit(clock), tokens, refusals, clock, ids, readCertificate: callerOf });
  const pipeline = new Pipeline({
    gate,
    callSecret,
    clock,
    ids,
    logger: silentLogger,
    waitForPosition: async (position, _deadlineMs, signal) => {
      if (!(await waitForPosition(progress, parsePosition(position)!, signal))) throw new DeadlineExceeded();
    },
  });

  const admit = async (caller: CallerName, rpc: RpcDefinition, options: InMemoryCallOptions) => {
    const registered = rpcs.get(rpc.path);
    if (!registered) throw new Error(`${rpc.path} has no controller here`);
    const token = options.token ?? (options.citizen && Buffer.from(JSON.stringify(options.citizen)).toString('base64url'));
    const headers: Record<string, string | undefined> = { authorization: token && `Bearer ${token}`, 'tillid-min-position': options.minPosition };
    const admitted = await gate.admit({
      path: rpc.path,
      certificate: Buffer.from(callerUri(caller)),
      header: (name) => headers[name],
      deadlineMs: options.timeoutMs === undefined ? Infinity : clock.nowMs() + options.timeoutMs,
    });
    return { registered, admitted };
  };

  return {
    as: (caller: CallerName) => ({
      async call<Rpc extends RpcDefinition>(rpc: Rpc, request: Partial<RequestOf<Rpc>>, options: InMemoryCallOptions = {}): Promise<ReplyOf<Rpc>> {
        return asOnTheWire(rpc, async () => {
          const { registered, admitted } = await admit(caller, rpc, options);
          const { bytes, position } = await pipeline.unary(registered, admitted, encode(rpc, request), options.signal ?? new AbortController().signal);
          if (position !== undefined) options.onPosition?.(position);
          return rpc.responseDeserialize(bytes) as ReplyOf<Rpc>;
        });
      },
      async *stream<Rpc extends RpcDefinition>(rpc: Rpc, request: Partial<RequestOf<Rpc>>, options: InMemoryCallOptions = {}): AsyncGenerator<ReplyOf<Rpc>> {
        const { registered, admitted } = await asOnTheWire(rpc, () => admit(caller, rpc, options));
        const messages = pipeline.stream(registered, admitted, encode(rpc, request), options.signal ?? new AbortController().signal);
        for (;;) {
          const { done, value } = await asOnTheWire(rpc, () => messages.next());
          if (done) return;
          yield rpc.responseDeserialize(value) as ReplyOf<Rpc>;
        }
      },
    }),
    /** What the minute that has just ended still holds is recorded. */
    flushRefusals: () => refusals.flushEnded(true),
  };
}

export type InMemoryService = ReturnType<typeof inMemoryService>;

/** Refusals as a client would see them; one that the proto does not announce, and every fault, is the spec's failure. */
async function asOnTheWire<Result>(rpc: RpcDefinition, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const refused = refusalOf(error);
    if (!refused) throw error;
    const rule = accessRules[rpc.path];
    if (rule && !declared({ rule }, refused.code)) throw new Error(`${rpc.path} does not declare the refusal ${refused.code}`, { cause: error });
    throw errorOfStatus(rpc.path, statusOfRefusal(refused));
  }
}

function encode<Rpc extends RpcDefinition>(rpc: Rpc, request: Partial<RequestOf<Rpc>>): Buffer {
  return rpc.requestSerialize({ ...(rpc.requestDeserialize(Buffer.alloc(0)) as object), ...request });
}

/** In memory a certificate is the name in it. */
function callerOf(certificate: Uint8Array): CertifiedCaller {
  const name = parseCallerUri(Buffer.from(certificate).toString());
  if (!name) throw new Refused('call.unauthenticated', 'unauthenticated');
  return { ...name, thumbprint: thumbprintOf(certificate), validUntilMs: Infinity };
}

const trustingGuard: TokenGuard = {
  check: (token) => {
    const { subject, level = AssuranceLevel.SUBSTANTIAL, sessionId = `session-of-${subject}` } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Citizen;
    return Promise.resolve({ subject, level, sessionId, tokenId: `token-of-${subject}` });
  },
};

