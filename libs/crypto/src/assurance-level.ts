import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';

/** The `acr` of a token: the national concept of the level (NSIS). */
const uris = {
  [AssuranceLevel.LOW]: 'https://data.gov.dk/concept/core/nsis/Low',
  [AssuranceLevel.SUBSTANTIAL]: 'https://data.gov.dk/concept/core/nsis/Substantial',
  [AssuranceLevel.HIGH]: 'https://data.gov.dk/concept/core/nsis/High',
} as const;

export type KnownLevel = keyof typeof uris;

export function assuranceUri(level: AssuranceLevel): string {
  if (!(level in uris)) throw new Error('a token needs an assurance level');
  return uris[level as KnownLevel];
}

export function assuranceLevelOf(uri: string): AssuranceLevel | undefined {
  return ([AssuranceLevel.LOW, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.HIGH] as const).find((level) => uris[level] === uri);
}
