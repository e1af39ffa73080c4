import { Refused } from '@tillid/kernel';
import { describe } from '../system/describe-error.js';

export interface Expectation {
  readonly scene: string;
  /** What should hold, as one would say it. */
  readonly says: string;
  readonly held: boolean;
  /** What was seen instead. */
  readonly saw?: string;
}

/** What one scene expects. A failed expectation does not stop the day: the report has all of them. */
export class Expectations {
  readonly list: Expectation[] = [];
  private scene = '';

  in(scene: string): void {
    this.scene = scene;
  }

  holds(says: string, held: boolean, saw?: () => string): void {
    this.list.push({ scene: this.scene, says, held, ...(held || !saw ? {} : { saw: saw() }) });
  }

  equal(says: string, actual: unknown, expected: unknown): void {
    const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
    this.holds(says, left === right, () => `${left}, not ${right}`);
  }

  /** The call must be refused, and with one of these codes. */
  async refused(says: string, codes: readonly string[], call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
      this.holds(says, false, () => 'it was accepted');
    } catch (error) {
      const code = error instanceof Refused ? error.code : undefined;
      this.holds(says, code !== undefined && codes.includes(code), () => describe(error));
    }
  }

  failed(says: string, error: unknown): void {
    this.holds(says, false, () => describe(error));
  }

  get held(): boolean {
    return this.list.length > 0 && this.list.every((expectation) => expectation.held);
  }
}
