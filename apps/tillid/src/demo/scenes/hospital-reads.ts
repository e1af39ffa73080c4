import { patient, type Scene } from '../day.js';
import { signIn } from '../sign-in.js';
import { agreementId, words } from '../vocabulary.js';

/** A hospital reads the address as a public task: no consent is asked, and the citizen sees that it was read. */
export const hospitalReads: Scene = {
  name: 'Sundby Hospital reads an address',
  steps: () => 3,
  async play(day, step) {
    const citizen = patient(day);
    const { subject } = await signIn(day, citizen, day.sundby);
    step();

    const share = { agreementId: agreementId.admission(day.run), legalBasis: words.publicTask, subject, attributes: [words.address], purpose: words.publicBenefit };
    const { shareId } = await day.sundby.consent.requestShare(share);
    const { attributes } = await day.sundby.identity.releaseAttributes({ shareId });
    day.expect.equal('the hospital gets the address', attributes, [{ name: words.address, value: citizen.person.address }]);
    step();

    await day.expect.refused('not what its agreement does not name', ['share.attributes_not_granted', 'agreement.does_not_allow'], () => day.sundby.consent.requestShare({ ...share, attributes: [words.cprNumber] }));
    await day.expect.refused('not on a basis its agreement does not name', ['share.basis_not_allowed'], () => day.sundby.consent.requestShare({ ...share, legalBasis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-f' }));
    await day.expect.refused('and nobody else on its agreement', ['agreement.unknown'], () => day.fjordbanken.consent.requestShare(share));
    await day.expect.refused('a share is collected by the one who asked for it', ['share.unknown', 'share.refused'], () => day.fjordbanken.identity.releaseAttributes({ shareId }));
    step();
  },
};
