import { commonPasswords, commonWords } from './common-passwords.js';

export const passwordLengthMin = 10;
export const passwordLengthMax = 128;

/** Two keyboards may compose å differently: one form of a password is hashed. */
export function normalisedPassword(text: string): string {
  return text.normalize('NFC');
}

/** Length and what is easily guessed; no rules about kinds of characters, which make passwords worse (NIST 800-63B). */
export function passwordTooWeak(text: string, userId: string): boolean {
  const password = normalisedPassword(text);
  const length = [...password].length;
  if (length < passwordLengthMin || length > passwordLengthMax) return true;
  const plain = password.toLowerCase();
  return plain.includes(userId) || commonPasswords.has(plain) || commonWords.has(withoutEnds(plain)) || repeats(plain) || runs(plain);
}

/** "sommer2026!!" is "sommer". */
function withoutEnds(plain: string): string {
  return plain.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}

/** "abcabcabcabc", "1111111111". */
function repeats(plain: string): boolean {
  return /^(.{1,4})\1+.{0,3}$/su.test(plain);
}

/** "abcdefghij", "9876543210": every character one up, or one down, from the one before. */
function runs(plain: string): boolean {
  const codes = [...plain].map((character) => character.codePointAt(0) ?? 0);
  const steps = new Set(codes.slice(1).map((code, index) => code - (codes[index] ?? 0)));
  return steps.size === 1 && (steps.has(1) || steps.has(-1));
}
