import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ClientRegistered } from '@tillid/contracts/authentication/v1/events';
import { type Event, Result } from '@tillid/contracts/event/v1/event';
import type { PlacedEntry } from '@tillid/eventsourcing';
import { Tally } from './tally.js';

const hours = 24;
const maxClients = 10_000;
const maxListed = 100;
const maxMoments = 400;

/** Events by which someone got to know something of a citizen. */
const accesses: ReadonlySet<string> = new Set(['tillid.consent.v1.ShareAuthorized', 'tillid.identity.v1.CitizenRead', 'tillid.identity.v1.NationalNumberMatched']);

export interface Moment {
  readonly timeMs: number;
  readonly positions: ReadonlyMap<string, number>;
}

export interface ReportRange {
  /** Of when the source says it happened; both ends optional, `untilMs` not included. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/**
 * What an auditor asks a year of log-ins and shares, as one fold over the entries in order. Bounded: names beyond ten
 * thousand are counted together, moments are thinned.
 */
export class AccessReport {
  readonly logIns = new Map<string, number[]>();
  logInsOfOthers = 0;
  readonly refusedShares = new Tally();
  readonly byPurpose = new Tally();
  readonly byReader = new Tally();
  readonly byGround = new Tally();
  /** Accesses on nobody's word: neither a consent nor a legal basis. The first hundred, and how many. */
  readonly groundless: { readonly leafIndex: number; readonly type: string; readonly reader: string }[] = [];
  groundlessCount = 0;
  readonly clientNames = new Map<string, string>();
  readonly moments: Moment[] = [];
  longestSilence: { readonly fromMs: number; readonly toMs: number } | undefined;
  entries = 0;
  unreadable = 0;
  firstMs = Infinity;
  lastMs = -Infinity;
  #everyNth = 1;
  #seen = 0;
  #lastSeenMs: number | undefined;

  constructor(readonly range: ReportRange = {}) {}

  entry(entry: Pick<PlacedEntry, 'event' | 'leafIndex'>): void {
    try {
      this.#add(entry);
    } catch {
      // A payload that is not what its type says; the rest of the year is still to be told.
      this.unreadable += 1;
    }
  }

  #add({ event, leafIndex }: Pick<PlacedEntry, 'event' | 'leafIndex'>): void {
    this.#nameClient(event);
    const atMs = event.occurredAt?.getTime() ?? 0;
    if (atMs < (this.range.fromMs ?? -Infinity) || atMs >= (this.range.untilMs ?? Infinity)) return;
    this.entries += 1;
    this.firstMs = Math.min(this.firstMs, atMs);
    this.lastMs = Math.max(this.lastMs, atMs);
    if (event.type === 'tillid.audit.v1.HeadsSeen') this.#headsSeen(HeadsSeen.decode(event.data));
    if (event.type === 'tillid.authentication.v1.SignInCompleted') this.#loggedIn(event.clientId, new Date(atMs).getUTCHours());
    if (event.type === 'tillid.consent.v1.ShareRefused') this.refusedShares.add(event.outcome?.reason || 'no reason given');
    if (accesses.has(event.type) && event.outcome?.result === Result.OK) this.#accessed(event, leafIndex);
  }

  #nameClient(event: Event): void {
    if (event.type !== 'tillid.authentication.v1.ClientRegistered' || this.clientNames.size >= maxClients) return;
    const { clientId, name } = ClientRegistered.decode(event.data);
    this.clientNames.set(clientId, name);
  }

  #loggedIn(clientId: string, hour: number): void {
    const counts = this.logIns.get(clientId) ?? (this.logIns.size < maxClients ? Array.from({ length: hours }, () => 0) : undefined);
    if (counts === undefined) return void (this.logInsOfOthers += 1);
    counts[hour]! += 1;
    this.logIns.set(clientId, counts);
  }

  #accessed(event: Event, leafIndex: number): void {
    const { actor, authority, clientId, type } = event;
    const reader = clientId || actor?.id || 'nobody named';
    this.byReader.add(reader);
    this.byPurpose.add(authority?.purpose || 'no purpose given');
    const basis = authority?.basis ?? '';
    this.byGround.add(basis === '' ? groundNames.none : basis.startsWith('https://') ? basis : groundNames.consent);
    if (basis !== '') return;
    this.groundlessCount += 1;
    if (this.groundless.length < maxListed) this.groundless.push({ leafIndex, type, reader });
  }

  #headsSeen({ timeMs, heads }: HeadsSeen): void {
    const before = this.#lastSeenMs;
    if (before !== undefined && timeMs - before > (this.longestSilence ? this.longestSilence.toMs - this.longestSilence.fromMs : 0)) this.longestSilence = { fromMs: before, toMs: timeMs };
    this.#lastSeenMs = timeMs;
    if (this.#seen++ % this.#everyNth !== 0) return;
    this.moments.push({ timeMs, positions: new Map(heads.map(({ source, position }) => [source, position])) });
    if (this.moments.length <= maxMoments) return;
    // Every other one goes, and from here on only every other one is kept.
    for (let index = this.moments.length - 1; index > 0; index -= 2) this.moments.splice(index, 1);
    this.#everyNth *= 2;
  }
}

export const groundNames = { consent: "the citizen's consent", none: 'NOTHING: neither consent nor legal basis' } as const;
