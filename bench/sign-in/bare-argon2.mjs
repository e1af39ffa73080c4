import { randomBytes } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { perSecond, timed } from '../measure/numbers.mjs';

/** As authentication hashes: 19 MiB, two passes, one lane. */
export const argon2Cost = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** What the machine does when it hashes passwords and nothing else. */
export async function bareArgon2(atOnce, hashes) {
  const { ms, cpuMs } = await timed(() => Promise.all(Array.from({ length: atOnce }, async () => {
    for (let count = 0; count < hashes / atOnce; count++) await hash(randomBytes(15).toString('base64url'), argon2Cost);
  })));
  return { rate: perSecond(hashes, ms), cpuMsPerHash: cpuMs / hashes };
}
