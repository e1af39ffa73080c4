import { hashSecret } from '@tillid/crypto';
import type { ExpiringStore } from '@tillid/eventsourcing';
import type { Clock } from '@tillid/kernel';
import { timingSafeEqual } from 'node:crypto';
import { knownDevicesMax } from '../domain/tries.js';
import { ExpiringJson } from './expiring-json.js';

const rememberedMs = 400 * 24 * 3_600_000;

/** Hex hashes of device secrets, the oldest first. */
interface Devices {
  readonly hashes: readonly string[];
}

/** Devices that completed a sign-in with a second factor. Not a factor: it only decides in which line they wait. */
export class KnownDevices {
  private readonly devices: ExpiringJson<Devices>;

  constructor(
    store: ExpiringStore,
    private readonly clock: Clock,
  ) {
    this.devices = new ExpiringJson(store, clock);
  }

  /** The device's hash, when it is one of the citizen's. Looks as long for a citizen that does not exist. */
  async find(citizenId: string, deviceSecret: string): Promise<string | undefined> {
    const known = (await this.devices.get(keyOf(citizenId)))?.hashes ?? [];
    const shown = hashSecret(deviceSecret);
    return known.filter((hash) => timingSafeEqual(Buffer.from(hash, 'hex'), shown))[0];
  }

  /** The newest push the oldest out: no more than four, so the tries all of them have stay few. */
  async remember(citizenId: string, deviceSecret: string): Promise<void> {
    const hash = hashSecret(deviceSecret).toString('hex');
    await this.devices.update(keyOf(citizenId), (devices) => {
      const others = (devices?.hashes ?? []).filter((known) => known !== hash);
      return { document: { hashes: [...others, hash].slice(-knownDevicesMax) }, expiresAtMs: this.clock.nowMs() + rememberedMs };
    });
  }

  /** With a new activation or a blocked key nothing is known any more. */
  async forget(citizenId: string): Promise<void> {
    await this.devices.delete(keyOf(citizenId));
  }
}

function keyOf(citizenId: string): string {
  return `devices:${citizenId}`;
}
