/** Time and randomness come in from outside, so that rules stay pure and tests can choose. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

export interface Ids {
  /** A fresh random id: 128 bits as 26 characters of lower-case base32. */
  newId(): string;
  /** `length` random bytes. */
  bytes(length: number): Buffer;
}
