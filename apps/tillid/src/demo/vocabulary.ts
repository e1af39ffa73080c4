const attribute = (name: string) => `https://data.gov.dk/model/core/${name}`;

/** The words of the national vocabulary and the law that the day uses. */
export const words = {
  address: attribute('address'),
  fullName: attribute('eid/fullName'),
  cprNumber: attribute('eid/cprNumber'),
  serviceProvision: 'https://w3id.org/dpv#ServiceProvision',
  publicBenefit: 'https://w3id.org/dpv#PublicBenefit',
  identityVerification: 'https://w3id.org/dpv#IdentityVerification',
  consent: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-a',
  publicTask: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e',
} as const;

export const agreementId = {
  kindergarten: (run: string) => `egebaek-kindergarten-${run}`,
  admission: (run: string) => `sundby-admission-${run}`,
  customer: (run: string) => `fjordbanken-customer-${run}`,
};
