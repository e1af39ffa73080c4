import { given } from '@tillid/eventsourcing';
import { describe, it } from 'vitest';
import { citizenRead, release } from './one-shot.deciders.js';

const read = { citizenId: 'ida', readId: 'read-1', attributes: ['age'] };
const shared = { shareId: 'consent.1', attributes: ['address'] };

describe('acts that happen once', () => {
  it('a read is recorded, and not a second time', () => {
    given(citizenRead)().when(read).then({ type: 'CitizenRead', ...read });
    given(citizenRead)({ type: 'CitizenRead', ...read }).when(read).thenNothing();
  });
  it('a share is handed over once; another hand-over of it is refused', () => {
    given(release)().when(shared).then({ type: 'AttributesReleased', ...shared });
    given(release)({ type: 'AttributesReleased', ...shared }).when(shared).thenRefused('share.refused');
  });
});
