import type { Decider } from '@tillid/eventsourcing';
import type { ClientEvent } from './authentication.events.js';
import { refuse } from './authentication.refusals.js';

export type ClientKind = 'relying_service' | 'citizen_agent';

export interface RegisterClient {
  readonly type: 'RegisterClient';
  readonly clientId: string;
  readonly name: string;
  readonly kind: ClientKind;
  readonly dataProvider: boolean;
}

/** Undefined until registered; never changes after. */
export type Client = { readonly clientId: string; readonly name: string; readonly kind: string } | undefined;

export const client: Decider<RegisterClient, Client, ClientEvent> = {
  initial: undefined,
  decide({ clientId, name, kind, dataProvider }, state) {
    if (state) throw refuse('client.taken');
    return [{ type: 'ClientRegistered', clientId, name, kind, dataProvider }];
  },
  evolve(_state, { clientId, name, kind }) {
    return { clientId, name, kind };
  },
};
