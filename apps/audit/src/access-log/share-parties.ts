import { ShareAuthorized, ShareCompleted, ShareRefused } from '@tillid/contracts/consent/v1/events';
import type { Event } from '@tillid/contracts/event/v1/event';

/** Of these one relying service is the receiver (`client_id`, and the citizen's pseudonym is the one there), another the provider. */
const ofShares: ReadonlyMap<string, { decode(data: Uint8Array): { readonly providerId: string } }> = new Map([
  ['tillid.consent.v1.ShareAuthorized', ShareAuthorized],
  ['tillid.consent.v1.ShareRefused', ShareRefused],
  ['tillid.consent.v1.ShareCompleted', ShareCompleted],
]);

/** Whether this relying service is the one that was told yes or no, or said that it handed over. */
export function isProviderIn({ type, data }: Pick<Event, 'type' | 'data'>, clientId: string): boolean {
  return ofShares.get(type)?.decode(data).providerId === clientId;
}
