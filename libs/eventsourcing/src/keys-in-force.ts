import type { EventStore } from './event-store.js';
import { announcedKey, claimsToAnnounceKey, keyAfter } from './source-key.js';

/** The stream every source announces its keys on. */
export const sourceKeysStream = 'source-keys';

/** A source's keys by the position from which each is in force. There are few: one a year. */
export class KeysInForce {
  readonly #keys: { readonly from: number; readonly key: Uint8Array }[] = [];

  constructor(readonly source: string) {}

  /**
   * The next event, in order; those that announce nothing may be left out, but for the first. False for an announcement
   * that changes nothing, because the key in force does not vouch for it or it is not this source's.
   */
  event(position: number, bytes: Uint8Array): boolean {
    const inForce = this.#keys.at(-1)?.key;
    if (inForce && !claimsToAnnounceKey(bytes)) return true;
    const announced = announcedKey(this.source, bytes);
    const next = position === 1 ? announced : inForce && keyAfter(this.source, inForce, bytes);
    if (next && next !== inForce) this.#keys.push({ from: position, key: next });
    return next !== undefined && announced?.equals(next) === true;
  }

  /** What signs the head at a position; undefined while no key is announced. */
  at(position: number): Uint8Array | undefined {
    return this.#keys.findLast(({ from }) => from <= position)?.key;
  }

  /** All there were, oldest first. */
  all(): readonly Uint8Array[] {
    return this.#keys.map(({ key }) => key);
  }
}

/** As the source's own log tells it now. */
export async function keysInForceOf(source: string, store: EventStore): Promise<KeysInForce> {
  const keys = new KeysInForce(source);
  for (const { position, bytes } of await store.readStream(sourceKeysStream)) keys.event(position, bytes);
  return keys;
}
