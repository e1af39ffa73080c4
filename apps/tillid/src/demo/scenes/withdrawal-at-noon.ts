import { parent, type Scene } from '../day.js';
import { askForAddress, grant } from '../kindergarten-consent.js';
import { ownRooms, signIn } from '../sign-in.js';
import { words } from '../vocabulary.js';

/** A consent withdrawn at noon; a second later nothing can be had on it, not even a share asked for before noon. */
export const withdrawalAtNoon: Scene = {
  name: 'a consent withdrawn at noon',
  steps: () => 3,
  async play(day, step) {
    const citizen = parent(day);
    const { subject } = await signIn(day, citizen, day.egebaek);
    const { consentId } = await askForAddress(day, subject);
    await grant(day, citizen, consentId);
    const share = { consentId, attributes: [words.address], purpose: words.serviceProvision };
    const { shareId } = await day.egebaek.consent.requestShare(share);
    step();

    await day.agent.consent.withdrawConsent({ consentId }, await ownRooms(day, citizen));
    await day.expect.refused('a share a second later is refused', ['consent.withdrawn'], () => day.egebaek.consent.requestShare(share));
    await day.expect.refused('a share begun before noon cannot be collected after', ['share.refused'], () => day.egebaek.identity.releaseAttributes({ shareId }));
    step();

    const token = await ownRooms(day, citizen);
    const { consents } = await day.agent.consent.listConsents({}, token);
    const withdrawn = consents.find((consent) => consent.consentId === consentId);
    day.expect.equal('the citizen sees it withdrawn', withdrawn?.status, 'withdrawn');
    await day.expect.refused('once withdrawn it stays so', ['consent.withdrawn'], () =>
      day.agent.consent.grantConsent({ consentId, grantId: `late-${day.run}-grant-id-26-chars`, attributes: [words.address], textHash: withdrawn!.textHash }, token),
    );
    step();
  },
};
