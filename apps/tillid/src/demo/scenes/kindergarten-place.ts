import { parent, type Scene } from '../day.js';
import { askForAddress, grant } from '../kindergarten-consent.js';
import { signIn } from '../sign-in.js';
import { words } from '../vocabulary.js';

/** Signing up for a kindergarten: the municipality asks for the address, the parent reads the text and says yes. */
export const kindergartenPlace: Scene = {
  name: 'a kindergarten place at Egebæk Kommune',
  steps: () => 4,
  async play(day, step) {
    const citizen = parent(day);
    const { subject } = await signIn(day, citizen, day.egebaek);
    const { consentId } = await askForAddress(day, subject);
    step();

    await day.expect.refused('nothing is shared before a yes', ['consent.never_granted'], () => day.egebaek.consent.requestShare({ consentId, attributes: [words.address], purpose: words.serviceProvision }));
    await grant(day, citizen, consentId);
    step();

    const { shareId } = await day.egebaek.consent.requestShare({ consentId, attributes: [words.address], purpose: words.serviceProvision });
    const { attributes } = await day.egebaek.identity.releaseAttributes({ shareId });
    day.expect.equal('the municipality gets the address and nothing else', attributes, [{ name: words.address, value: citizen.person.address }]);
    step();

    await day.expect.refused('a share the consent does not cover is refused', ['share.attributes_not_granted'], () =>
      day.egebaek.consent.requestShare({ consentId, attributes: [words.address, words.cprNumber], purpose: words.serviceProvision }),
    );
    await day.expect.refused('nor may it be used for something else', ['share.purpose_differs'], () =>
      day.egebaek.consent.requestShare({ consentId, attributes: [words.address], purpose: words.publicBenefit }),
    );
    await day.expect.refused('another organisation cannot share on it', ['consent.unknown'], () =>
      day.fjordbanken.consent.requestShare({ consentId, attributes: [words.address], purpose: words.serviceProvision }),
    );
    step();
  },
};
