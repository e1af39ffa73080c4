import type { EventStore, OpenReadModel, ProgressBook } from '@tillid/eventsourcing';
import type { HttpRoute } from './http-route.js';
import type { TokenGuard } from './token-guard.js';

/**
 * What an app's module hands to the shell: under SERVICE_PARTS, made by a factory once its stores are open.
 *
 *   { provide: SERVICE_PARTS, inject: [ConsentStores, ...], useFactory: (stores, ...): ServiceParts => ({ ... }) }
 */
export interface ServiceParts {
  /** The service's own log: fed to the others, and where broken rules are recorded. */
  readonly store: EventStore;
  /** How far every consumer of this service is: what GetHead shows and `tillid-min-position` waits for. */
  readonly progress: ProgressBook;
  /** Every list it keeps, from the declaration that `rebuild` builds from: what an auditor asks for digests of. */
  readonly readModels: readonly OpenReadModel[];
  /**
   * Everything that runs by itself: what each replica does, and `shell.inTurn(...)` for what one does at a time. Started
   * in order once calls can be taken, stopped in the opposite order before the stores close.
   */
  readonly workers: readonly Worker[];
  readonly routes?: readonly HttpRoute[];
  /** Authentication brings its own; the others verify with its JWKS and ask it whether the session still lives. */
  readonly tokens?: TokenGuard;
  /** Stores and clients, closed last, in this order. */
  readonly close: readonly { close(): Promise<void> | void }[];
}

export interface Worker {
  start(): Promise<void> | void;
  /** Resolves when what it has in hand is done. */
  stop(): Promise<void>;
}

export const SERVICE_PARTS = Symbol('SERVICE_PARTS');
