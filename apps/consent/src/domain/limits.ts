/** The limits of consent, all of them. Changing one changes what callers may rely on: docs and proto say the same. */
export const limits = {
  /** A consent may be asked for at most this long. */
  consentLifetimeMs: 2 * 365 * 86_400_000,
  /** A receiver hands the share id to the provider within this time, or asks again. */
  shareRequestMs: 5 * 60_000,
  /** How long a yes is a yes. */
  authorizationMs: 60_000,
  /** Shares of one consent that are remembered one by one. What is older is over; a receiver with this many under way is told to wait. */
  sharesRemembered: 64,
  attributesPerRequest: 20,
  attributesPerAgreement: 50,
  purposesPerAgreement: 20,
  textCharacters: 2000,
  pageSizeDefault: 50,
  pageSizeMax: 100,
} as const;
