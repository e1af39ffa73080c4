import type { AccessRule } from '@tillid/contracts/access';
import { callerFromCertificate, type CertifiedCaller } from '@tillid/crypto';
import { Refused, type Clock, type Ids } from '@tillid/kernel';
import { instruments, attributeNames } from '@tillid/runtime';
import type { Caller, Citizen } from '../call.js';
import { TokenMisuse, type TokenGuard, type TokenUse } from '../token-guard.js';
import type { Admitted, Knock } from './admitted.js';
import { CallsAtOnce } from './calls-at-once.js';
import type { RateLimit } from './rate-limit.js';
import type { BrokenRule, RefusalLog } from './refusal-log.js';

export interface GateParts {
  readonly rules: Readonly<Record<string, AccessRule>>;
  readonly rates: RateLimit;
  readonly tokens: TokenGuard;
  readonly refusals: RefusalLog;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Reads the caller out of a certificate; specs without TLS bring their own. */
  readonly readCertificate?: (certificate: Uint8Array) => CertifiedCaller;
}

/** For what has no rule of its own; the same as a rule's default. */
const openCallsPerMinute = 6000;

/**
 * Who may call what, decided before any handler and any byte of the request. Deny by default: no certificate, no rule,
 * no entry in the rule, all mean no.
 */
export class Gate {
  /** By the very bytes a connection keeps, so that what names them is worked out once for each. */
  private readonly callers = new WeakMap<Uint8Array, CertifiedCaller>();
  private readonly atOnce = new CallsAtOnce();

  constructor(private readonly parts: GateParts) {}

  /** Throws Refused. A rule broken by a known certificate has been recorded by then. */
  async admit(knock: Knock): Promise<Admitted> {
    const caller = this.callerOf(knock);
    const rule = this.parts.rules[knock.path];
    if (!rule || !mayCall(rule, caller)) {
      await this.parts.refusals.broken({ caller, rpc: knock.path, reason: 'call.not_allowed' });
      throw new Refused('call.not_allowed', 'not_allowed');
    }
    this.throttle(caller, knock.path, 'calls_per_minute', () => this.parts.rates.take(`${caller.kind}/${caller.id} ${knock.path}`, rule.callsPerMinute));
    const token = bearer(knock.header('authorization'));
    const citizen = rule.citizenToken === 'none' ? undefined : await this.citizen(token, caller, rule.citizenToken, knock.path, knock.deadlineMs);
    const trusted = caller.kind === 'service';
    return {
      caller,
      rule,
      ...(citizen && { citizen }),
      token,
      minPosition: knock.header('tillid-min-position'),
      correlationId: (trusted && plainId(knock.header('tillid-correlation-id'))) || this.parts.ids.newId(),
      traceParent: trusted ? knock.header('traceparent') : undefined,
      deadlineMs: knock.deadlineMs,
    };
  }

  /** For what every certificate of the installation may call. Throws Refused. */
  admitOpen(knock: Pick<Knock, 'path' | 'certificate'>): CertifiedCaller {
    const caller = this.callerOf(knock);
    this.throttle(caller, knock.path, 'calls_per_minute', () => this.parts.rates.take(`${caller.kind}/${caller.id} open`, openCallsPerMinute));
    return caller;
  }

  /** Holds a place among the caller's open calls until what it answers is called; or throws call.too_many. */
  enter(caller: Caller, path: string, isStream: boolean): () => void {
    return this.throttle(caller, path, 'calls_at_once', () => this.atOnce.enter(caller, isStream));
  }

  /** A valid token, or a refusal; a misused one is recorded. */
  async citizen(token: string | undefined, caller: Caller, use: TokenUse, rpc: string, deadlineMs: number): Promise<Citizen> {
    if (token === undefined) throw new Refused('token.required', 'unauthenticated');
    try {
      return await this.parts.tokens.check(token, caller, use, rpc, deadlineMs);
    } catch (error) {
      if (error instanceof TokenMisuse) await this.parts.refusals.broken({ caller, rpc, reason: error.code, tokenId: error.tokenId });
      throw error;
    }
  }

  /** What a handler refused and is to be on record. */
  refused(broken: Omit<BrokenRule, 'count'>, onlyCounted: boolean): Promise<void> {
    return this.parts.refusals.broken(broken, onlyCounted);
  }

  /** The caller in a certificate that is still good, or call.unauthenticated. */
  callerOf({ certificate }: Pick<Knock, 'certificate'>): CertifiedCaller {
    const caller = certificate && this.named(certificate);
    // A connection, or a resumed TLS session, may outlive the certificate it began with.
    if (!caller || caller.validUntilMs <= this.parts.clock.nowMs()) throw new Refused('call.unauthenticated', 'unauthenticated');
    return caller;
  }

  private named(certificate: Uint8Array): CertifiedCaller {
    const known = this.callers.get(certificate);
    if (known) return known;
    const caller = (this.parts.readCertificate ?? callerFromCertificate)(certificate);
    this.callers.set(certificate, caller);
    return caller;
  }

  private throttle<Taken>(caller: Caller, path: string, limit: string, take: () => Taken): Taken {
    try {
      return take();
    } catch (error) {
      instruments().throttled.add(1, { [attributeNames.rpcMethod]: path, [attributeNames.callerKind]: caller.kind, [attributeNames.limit]: limit });
      throw error;
    }
  }
}

function mayCall(rule: AccessRule, caller: Caller): boolean {
  return rule.callers.includes(caller.kind) && (caller.kind !== 'service' || rule.services.includes(caller.id));
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer ([^\s]+)$/i.exec(header ?? '')?.[1];
}

function plainId(text: string | undefined): string | undefined {
  return text !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(text) ? text : undefined;
}
