import { describe, expect, it } from 'vitest';
import type { SubjectDocument } from './subjects.read-model.js';
import { Subjects } from './subjects.js';

const atEgebaek: SubjectDocument = { pseudonym: 'p', clientId: 'egebaek', citizenId: 'ida' };
const options = { deadlineMs: Infinity, signal: new AbortController().signal };

/** What we have heard of so far, and what a catch-up brings. */
function heard(documents: SubjectDocument[], arriving: SubjectDocument[], inTime = true) {
  let catchUps = 0;
  const subjects = new Subjects({ get: async (key) => documents.find(({ pseudonym }) => pseudonym === key) }, async () => {
    catchUps++;
    documents.push(...arriving);
    return inTime;
  });
  return { subjects, catchUps: () => catchUps };
}

describe('whose pseudonym it is', () => {
  it('is answered at once when it was heard of', async () => {
    const { subjects, catchUps } = heard([atEgebaek], []);
    expect(await subjects.citizenOf('p', 'egebaek', options)).toBe('ida');
    expect(catchUps()).toBe(0);
  });

  it('is looked up again after hearing all that authentication knew', async () => {
    const { subjects } = heard([], [atEgebaek]);
    expect(await subjects.citizenOf('p', 'egebaek', options)).toBe('ida');
  });

  it('is unknown only then', async () => {
    const { subjects, catchUps } = heard([], []);
    expect(await subjects.citizenOf('p', 'egebaek', options)).toBeUndefined();
    expect(catchUps()).toBe(1);
  });

  it('is not unknown when the deadline came first: that is another answer', async () => {
    const { subjects } = heard([], [], false);
    await expect(subjects.citizenOf('p', 'egebaek', options)).rejects.toMatchObject({ code: 'peer.behind', kind: 'busy' });
  });

  it('is nobody’s at another client', async () => {
    const { subjects } = heard([atEgebaek], []);
    expect(await subjects.citizenOf('p', 'sundby', options)).toBeUndefined();
  });
});
