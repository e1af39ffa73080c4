import { refuse } from '../domain/authentication.refusals.js';
import { client, type Client, type ClientKind } from '../domain/client.decider.js';
import { streams } from '../domain/streams.js';
import type { AuthenticationLog } from '../log/authentication-log.js';

const rememberedMax = 10_000;

/** Registered clients. What is registered never changes, so it is read once; what is not is looked for again each time. */
export class Clients {
  private readonly known = new Map<string, NonNullable<Client>>();

  constructor(private readonly log: AuthenticationLog) {}

  /** Refused when nobody registered it. */
  async registered(clientId: string): Promise<NonNullable<Client>> {
    const known = this.known.get(clientId) ?? (await this.log.state(client, streams.client(clientId)));
    if (!known) throw refuse('client.unknown');
    if (this.known.size < rememberedMax) this.known.set(clientId, known);
    return known;
  }

  /** A certificate of one kind is no registration of the other. */
  async calling({ kind, id }: { readonly kind: string; readonly id: string }): Promise<NonNullable<Client> & { readonly kind: ClientKind }> {
    const known = await this.registered(id);
    if (known.kind !== kind || (kind !== 'relying_service' && kind !== 'citizen_agent')) throw refuse('client.unknown');
    return { ...known, kind };
  }
}
