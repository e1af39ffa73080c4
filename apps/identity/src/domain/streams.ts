/** The only place that knows how identity's streams and reservations are named. */
export const citizenStream = (citizenId: string) => `citizen-${citizenId}`;
export const citizenKeyStream = (citizenId: string) => `citizen-key-${citizenId}`;
export const citizenReadStream = (readId: string) => `citizen-read-${readId}`;
export const nationalNumberMatchesStream = (pseudonym: string) => `national-number-matches-${pseudonym}`;
export const releaseStream = (shareId: string) => `release-${shareId}`;

/** Held by the citizen with that number, for ever: a closed citizen's number is not given to another. */
export const nationalNumberReservation = (hmac: Uint8Array) => `national-number:${Buffer.from(hmac).toString('hex')}`;
