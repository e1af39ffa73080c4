/**
 * GDPR article 6(1) as W3C DPV terms. A share on consent names the consent instead, so (a) is not in an agreement.
 * One row a basis: whoever adds one adds a row.
 */
export const legalBases = {
  'https://w3id.org/dpv/legal/eu/gdpr#A6-1-b': 'contract',
  'https://w3id.org/dpv/legal/eu/gdpr#A6-1-c': 'legal obligation',
  'https://w3id.org/dpv/legal/eu/gdpr#A6-1-d': 'vital interest',
  'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e': 'public task',
  'https://w3id.org/dpv/legal/eu/gdpr#A6-1-f': 'legitimate interest',
} as const;

export function isLegalBasis(term: string): term is keyof typeof legalBases {
  return Object.hasOwn(legalBases, term);
}
