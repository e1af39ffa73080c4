import type { KeyRingServiceService } from '@tillid/contracts/identity/v1/service';
import type { Clock } from '@tillid/kernel';
import type { RpcClient, RpcOptions } from './rpc-client.js';

const heldMs = 60_000;
const maxHeld = 10_000;

/**
 * Citizens' keys, asked of identity and held for a minute at most: a destroyed key is gone from everywhere that soon.
 * Bounded in number; the one asked for longest ago goes first. Keys that go are overwritten.
 */
export class CitizenKeys {
  private readonly held = new Map<string, { readonly key: Promise<Buffer>; readonly untilMs: number }>();

  constructor(
    private readonly keyRing: Pick<RpcClient<typeof KeyRingServiceService>, 'useCitizenKey'>,
    private readonly clock: Clock,
  ) {}

  /** 32 bytes. Refused key_ring.key_destroyed when the citizen's data may no longer be read. */
  async keyOf(citizenId: string, options: RpcOptions = {}): Promise<Buffer> {
    const nowMs = this.clock.nowMs();
    const held = this.held.get(citizenId);
    // A copy: what is handed out must not change when the held one is overwritten.
    if (held && nowMs < held.untilMs) return Buffer.from(await held.key);
    this.forgetOld(nowMs);
    // The abort of one caller must not fail the others that wait for the same key.
    const { signal: _, ...shared } = options;
    const key = this.keyRing.useCitizenKey({ citizenId }, shared).then((reply) => reply.key);
    this.held.set(citizenId, { key, untilMs: nowMs + heldMs });
    // What failed is not held: the next one asks again.
    key.catch(() => this.held.get(citizenId)?.key === key && this.held.delete(citizenId));
    return Buffer.from(await key);
  }

  /** When the citizen's key was destroyed, or the service stops. */
  forget(citizenId?: string): void {
    for (const id of citizenId === undefined ? [...this.held.keys()] : [citizenId]) this.drop(id);
  }

  private forgetOld(nowMs: number): void {
    for (const [id, { untilMs }] of this.held) {
      // Same life for all, so the map is in the order of expiry.
      if (untilMs > nowMs && this.held.size < maxHeld) break;
      this.drop(id);
    }
  }

  private drop(citizenId: string): void {
    const held = this.held.get(citizenId);
    this.held.delete(citizenId);
    held?.key.then((key) => key.fill(0)).catch(() => undefined);
  }
}
