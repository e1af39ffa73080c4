import { describe, expect, it } from 'vitest';
import { CallsAtOnce } from './calls-at-once.js';

const bank = { kind: 'relying_service', id: 'bank' } as const;
const refused = expect.objectContaining({ code: 'call.too_many' });

describe('a caller who leaves calls open', () => {
  it('may have 2000 of them, and one more for each that ends', () => {
    const atOnce = new CallsAtOnce();
    const leaves = Array.from({ length: 2000 }, () => atOnce.enter(bank, false));
    expect(() => atOnce.enter(bank, false)).toThrow(refused);
    leaves[0]!();
    atOnce.enter(bank, false);
    expect(() => atOnce.enter(bank, false)).toThrow(refused);
  });

  it('may have 32 streams among them, beside which calls still get through', () => {
    const atOnce = new CallsAtOnce();
    for (let number = 0; number < 32; number++) atOnce.enter(bank, true);
    expect(() => atOnce.enter(bank, true)).toThrow(refused);
    atOnce.enter(bank, false)();
  });

  it('takes nothing from another, of the same id but another kind', () => {
    const atOnce = new CallsAtOnce();
    for (let number = 0; number < 32; number++) atOnce.enter(bank, true);
    atOnce.enter({ kind: 'auditor', id: 'bank' }, true)();
  });
});
