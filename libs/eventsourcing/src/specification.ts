import assert from 'node:assert/strict';
import { Refused } from '@tillid/kernel';
import { fold, type Decider } from './decider.js';

export interface Specification<Event> {
  /** Exactly these events, in this order. */
  then(...expected: readonly Event[]): void;
  thenNothing(): void;
  /** The stable code of the refusal. */
  thenRefused(code: string): void;
}

/**
 * Rules in the citizen's words: `const givenConsent = given(consent)`, then
 * `givenConsent(granted, withdrawn).when(withdraw).thenNothing()`.
 */
export function given<Command, State, Event>(decider: Decider<Command, State, Event>) {
  return (...history: readonly Event[]) => ({
    when(command: Command): Specification<Event> {
      const decide = (): readonly Event[] => decider.decide(command, fold(decider, history));
      return {
        then(...expected) {
          const decided = decide();
          assert.deepEqual(decided, expected);
          // What it decides, it must also be able to fold.
          fold(decider, [...history, ...decided]);
        },
        thenNothing() {
          assert.deepEqual(decide(), []);
        },
        thenRefused(code) {
          let decided: readonly Event[];
          try {
            decided = decide();
          } catch (error) {
            assert.ok(error instanceof Refused, error instanceof Error ? error : new Error(String(error)));
            assert.equal(error.code, code);
            return;
          }
          assert.fail(`expected refusal ${code}, but it decided ${JSON.stringify(decided)}`);
        },
      };
    },
  });
}
