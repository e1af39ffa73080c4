import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { base32, hashSecret } from '@tillid/crypto';
import type { ExpiringStore } from '@tillid/eventsourcing';
import { type Clock, Refused } from '@tillid/kernel';
import { timingSafeEqual } from 'node:crypto';
import { refuse } from '../domain/authentication.refusals.js';
import type { ClientKind } from '../domain/client.decider.js';
import type { DerivedSecrets } from './derived-secrets.js';
import { ExpiringJson } from './expiring-json.js';
import type { OpenPerClient } from './open-per-client.js';

export const signInLifetimeMs = 5 * 60_000;

/** Who calls, as far as a sign-in is bound to it: a renewed certificate is the same caller. */
export interface Holder {
  readonly kind: string;
  readonly id: string;
}

/** What lives for five minutes. Of the secrets only hashes, base64url. */
export interface OpenSignIn {
  readonly signInId: string;
  readonly beginner: { readonly kind: ClientKind; readonly id: string; readonly name: string; readonly secretHash: string };
  readonly asked: AssuranceLevel;
  readonly expiresAtMs: number;
  /** Of the request that began it. */
  readonly fingerprint: string;
  readonly agent?: { readonly id: string; readonly secretHash: string; /** The call that took it. */ readonly takenBy: string };
  readonly citizen?: SignInCitizen;
  /** Given up before anything was shown; once its stream has begun, the stream says so. */
  readonly abandoned?: true;
}

/** Who it turned out to be, once the password was right. */
export interface SignInCitizen {
  readonly citizenId: string;
  readonly pseudonym: string;
  /** Whose tries the codes are taken from. */
  readonly account: string;
  readonly device?: string;
  /** Of the authenticators the password was right for: any change since ends the sign-in. */
  readonly generation: number;
  /** The code that was asked for. */
  readonly code?: { readonly cardId: string; readonly codesId: string; readonly codes: number; readonly number: number };
}

/** What the beginner is told. */
export interface BegunSignIn {
  readonly signInId: string;
  readonly secret: string;
  readonly handOver: string;
  readonly expiresAtMs: number;
}

interface CommandIds {
  readonly commandId: Uint8Array;
  readonly fingerprint: Uint8Array;
}

/**
 * Sign-ins under way, each bound to two callers: the beginner, and the agent that took the hand-over. An id that is not
 * there, another's, or with the wrong secret are one and the same answer: sign_in.unknown.
 */
export class OpenSignIns {
  private readonly signIns: ExpiringJson<OpenSignIn>;
  private readonly handOvers: ExpiringJson<{ readonly signInId: string }>;

  constructor(
    store: ExpiringStore,
    private readonly clock: Clock,
    private readonly secrets: DerivedSecrets,
    private readonly perClient: OpenPerClient,
    /** Refuses while no new one may begin; those under way are not asked. */
    private readonly mayBegin: () => Promise<void>,
  ) {
    this.signIns = new ExpiringJson(store, clock);
    this.handOvers = new ExpiringJson(store, clock);
  }

  async begin({ commandId, fingerprint }: CommandIds, beginner: Omit<OpenSignIn['beginner'], 'secretHash'>, asked: AssuranceLevel): Promise<BegunSignIn> {
    const nowMs = this.clock.nowMs();
    const signInId = base32(this.secrets.bytesOf('sign-in-id', commandId).subarray(0, 16));
    const secret = this.secrets.secretOf('sign-in-secret', commandId);
    const handOver = this.secrets.secretOf('hand-over', commandId);
    const begun = await this.signIns.get(signInKey(signInId));
    if (begun && begun.fingerprint !== base64(fingerprint)) throw new Refused('call.idempotency_key_reused', 'invalid');
    if (begun) return { signInId, secret, handOver, expiresAtMs: begun.expiresAtMs };

    await this.mayBegin();
    const expiresAtMs = nowMs + signInLifetimeMs;
    this.perClient.opened(beginner.id, expiresAtMs, nowMs);
    // The hand-over first: a crash in between leaves one that opens nothing.
    await this.handOvers.create(handOverKey(handOver), { signInId }, expiresAtMs);
    const entry: OpenSignIn = { signInId, beginner: { ...beginner, secretHash: stored(secret) }, asked, expiresAtMs, fingerprint: base64(fingerprint) };
    // Another call under the same key was quicker: it may have asked for something else.
    if (!(await this.signIns.create(signInKey(signInId), entry, expiresAtMs))) return this.begin({ commandId, fingerprint }, beginner, asked);
    return { signInId, secret, handOver, expiresAtMs };
  }

  /** Once, by one agent; the same call again gets the same again. */
  async take({ fingerprint }: CommandIds, agentId: string, handOver: string): Promise<{ readonly entry: OpenSignIn; readonly agentSecret: string }> {
    // Of the whole request, not its key alone: an agent that uses one key for two hand-overs gets two secrets.
    const takenBy = base64(fingerprint);
    const agentSecret = this.secrets.secretOf('agent-secret', fingerprint);
    const signInId = (await this.handOvers.get(handOverKey(handOver)))?.signInId;
    if (signInId === undefined) throw refuse('sign_in.unknown');
    const entry = await this.signIns.update(signInKey(signInId), (before) => {
      if (!before || before.abandoned) throw refuse('sign_in.unknown');
      if (before.agent?.id === agentId && before.agent.takenBy === takenBy) return undefined;
      if (before.agent) throw refuse('sign_in.taken');
      return lasting({ ...before, agent: { id: agentId, secretHash: stored(agentSecret), takenBy } });
    });
    if (!entry) throw refuse('sign_in.unknown');
    return { entry, agentSecret };
  }

  async ofBeginner(caller: Holder, signInId: string, secret: string): Promise<OpenSignIn> {
    const entry = await this.signIns.get(signInKey(signInId));
    if (!entry || !belongsToBeginner(entry, caller, secret)) throw refuse('sign_in.unknown');
    return entry;
  }

  async ofAgent(caller: Holder, signInId: string, secret: string): Promise<OpenSignIn & { readonly agent: NonNullable<OpenSignIn['agent']> }> {
    const entry = await this.signIns.get(signInKey(signInId));
    if (!entry?.agent || !belongsToAgent(entry, caller, secret)) throw refuse('sign_in.unknown');
    if (entry.abandoned) throw refuse('sign_in.abandoned');
    return { ...entry, agent: entry.agent };
  }

  /** Either of the two may give it up; says which. */
  async ofEither(caller: Holder, signInId: string, secret: string): Promise<{ readonly entry: OpenSignIn; readonly by: 'client' | 'citizen' }> {
    const entry = await this.signIns.get(signInKey(signInId));
    if (entry && belongsToBeginner(entry, caller, secret)) return { entry, by: 'client' };
    if (entry && belongsToAgent(entry, caller, secret)) return { entry, by: 'citizen' };
    throw refuse('sign_in.unknown');
  }

  async identified(signInId: string, citizen: SignInCitizen): Promise<void> {
    await this.signIns.update(signInKey(signInId), (before) => before && lasting({ ...before, citizen }));
  }

  async abandon({ signInId, beginner, expiresAtMs }: OpenSignIn): Promise<void> {
    let wasOpen = false;
    await this.signIns.update(signInKey(signInId), (before) => {
      wasOpen = before !== undefined && !before.abandoned;
      return before && wasOpen ? lasting({ ...before, abandoned: true }) : undefined;
    });
    if (wasOpen) this.closed({ beginner, expiresAtMs });
  }

  /** It no longer counts against its client: to be said once, or a client could talk its count down. The entry stays to its deadline, for retries. */
  closed({ beginner, expiresAtMs }: Pick<OpenSignIn, 'beginner' | 'expiresAtMs'>): void {
    this.perClient.closed(beginner.id, expiresAtMs);
  }
}

function belongsToBeginner({ beginner }: OpenSignIn, caller: Holder, secret: string): boolean {
  return fits(beginner.secretHash, secret) && beginner.kind === caller.kind && beginner.id === caller.id;
}

function belongsToAgent({ agent }: OpenSignIn, caller: Holder, secret: string): boolean {
  return agent !== undefined && fits(agent.secretHash, secret) && caller.kind === 'citizen_agent' && agent.id === caller.id;
}

function fits(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash, 'base64url'), hashSecret(secret));
}

function stored(secret: string): string {
  return hashSecret(secret).toString('base64url');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function lasting(document: OpenSignIn) {
  return { document, expiresAtMs: document.expiresAtMs };
}

const signInKey = (signInId: string): string => `sign-in:${signInId}`;
/** The hand-over itself is not in the store, its hash is. */
const handOverKey = (handOver: string): string => `hand-over:${stored(handOver)}`;
