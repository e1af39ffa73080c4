import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { Scene } from '../day.js';
import { inParallel } from '../in-parallel.js';
import { signIn } from '../sign-in.js';

/** Everyone looks at their account before work. */
export const morningLogIns: Scene = {
  name: 'morning log-ins at Fjordbanken',
  steps: (day) => day.size,
  async play(day, step) {
    const subjects = new Set<string>();
    let good = 0;
    await inParallel(day.citizens, day.atOnce, async (citizen) => {
      const { token, subject, level } = await signIn(day, citizen, day.fjordbanken);
      const introspected = await day.fjordbanken.authentication.introspectToken({ token });
      if (introspected.active && introspected.subject === subject && level === AssuranceLevel.SUBSTANTIAL) good++;
      subjects.add(subject);
      step();
    });
    day.expect.equal('everyone got in, at level substantial, with a token that is good there', good, day.size);
    day.expect.equal('everyone is someone else at the bank', subjects.size, day.size);
    day.expect.holds('the bank learns no citizen id', day.citizens.every(({ citizenId }) => !subjects.has(citizenId)));
  },
};
