import { createHash } from 'node:crypto';
import { newSecret, systemIds } from '@tillid/crypto';
import type { Citizen, Day } from './day.js';
import { ownRooms } from './sign-in.js';
import { agreementId, words } from './vocabulary.js';

const text = 'Egebæk Kommune må få din adresse fra folkeregisteret for at finde en plads i en børnehave nær dig. Du kan trække samtykket tilbage når som helst.';
const consentDays = 30;

/** What the municipality asks; the text is what the citizen reads before the yes. Two scenes need both. */
export function askForAddress(day: Day, subject: string): Promise<{ consentId: string }> {
  return day.egebaek.consent.requestConsent({
    agreementId: agreementId.kindergarten(day.run),
    subject,
    attributes: [words.address],
    purpose: words.serviceProvision,
    text,
    textVersion: '1',
    language: 'da',
    expiresAt: new Date(Date.now() + consentDays * 24 * 60 * 60 * 1000),
    sharesPerDay: 10,
    retentionDays: 365,
  });
}

export async function grant(day: Day, citizen: Citizen, consentId: string): Promise<void> {
  const token = await ownRooms(day, citizen);
  const { consents } = await day.agent.consent.listConsents({}, token);
  const asked = consents.find((consent) => consent.consentId === consentId);
  day.expect.equal('the citizen sees what is asked for, and the text word for word', [asked?.status, asked?.text], ['requested', text]);
  const wrong = { consentId, grantId: newSecret(systemIds).slice(0, 26), attributes: [words.address], textHash: hashOf(`${text} Og alt andet.`) };
  await day.expect.refused('a yes to another text is no yes', ['consent.text_differs'], () => day.agent.consent.grantConsent(wrong, token));
  await day.agent.consent.grantConsent({ ...wrong, textHash: hashOf(text) }, token);
}

function hashOf(shown: string): Buffer {
  return createHash('sha256').update(shown, 'utf8').digest();
}
