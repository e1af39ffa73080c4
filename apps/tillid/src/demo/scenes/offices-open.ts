import type { Day, Scene } from '../day.js';
import { agreementId, words } from '../vocabulary.js';

const agreementDays = 365;

/** The operator writes down what each organisation may ask for at all. */
export const officesOpen: Scene = {
  name: 'the offices open',
  steps: () => 3,
  async play(day, step) {
    const agreements = [
      { agreementId: agreementId.kindergarten(day.run), receiverId: 'egebaek-kommune', attributes: [words.address, words.fullName], purposes: [words.serviceProvision], legalBases: [] },
      { agreementId: agreementId.admission(day.run), receiverId: 'sundby-hospital', attributes: [words.address, words.fullName], purposes: [words.publicBenefit], legalBases: [words.publicTask] },
      { agreementId: agreementId.customer(day.run), receiverId: 'fjordbanken', attributes: [words.fullName], purposes: [words.identityVerification], legalBases: [] },
    ];
    for (const agreement of agreements) {
      await register(day, agreement);
      step();
    }
    day.expect.equal('three agreements are written down', agreements.length, 3);
    await day.expect.refused('a bank cannot write its own agreement', ['call.not_allowed'], () => day.fjordbanken.consent.registerAgreement({ ...agreements[2], agreementId: `self-made-${day.run}`, providerId: 'identity', expiresAt: inDays(1) }));
  },
};

async function register(day: Day, agreement: { agreementId: string; receiverId: string; attributes: string[]; purposes: string[]; legalBases: string[] }): Promise<void> {
  await day.operator.consent.registerAgreement({ ...agreement, providerId: 'identity', expiresAt: inDays(agreementDays) });
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 24 * 60 * 60 * 1000);
}
