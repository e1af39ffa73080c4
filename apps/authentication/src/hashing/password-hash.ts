import { type Options, hash, verify } from '@node-rs/argon2';
import type { HashQueue, Line } from './hash-queue.js';
import { normalisedPassword } from '../domain/password.js';

/** argon2id (2; the package's enum is const and can't be imported here), 19 MiB, two passes, one lane: OWASP's first choice. */
export const hashCost: Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Password hashes, on libuv's threads and in line. */
export class PasswordHashes {
  constructor(
    private readonly queue: HashQueue,
    /** Checked instead when there is no such user: the same work, and never equal. */
    private readonly decoy: string,
  ) {}

  /** The decoy costs what a real one costs, whatever the settings are. */
  static async open(queue: HashQueue, randomPassword: string): Promise<PasswordHashes> {
    return new PasswordHashes(queue, await hash(randomPassword, hashCost));
  }

  make(line: Line, password: string): Promise<string> {
    return this.queue.run(line, () => hash(normalisedPassword(password), hashCost));
  }

  /** False without a hash, after the same work. */
  async fits(line: Line, password: string, passwordHash: string | undefined): Promise<boolean> {
    const fits = await this.queue.run(line, () => verify(passwordHash ?? this.decoy, normalisedPassword(password)));
    return fits && passwordHash !== undefined;
  }
}
