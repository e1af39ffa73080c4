/** Letters of any alphabet, digits and . _ @ + - ; the same person, however typed: composed and in lower case. */
const allowed = /^[\p{L}\p{N}._@+-]{5,48}$/u;
const nationalNumber = /^\d{6}-?\d{4}$/;

/** The one form of a user id, or undefined when it may not be one: it must never be a national number. */
export function userIdFrom(text: string): string | undefined {
  const userId = normalisedUserId(text);
  return allowed.test(userId) && !nationalNumber.test(userId) ? userId : undefined;
}

/** What is looked up at sign-in: no rule is applied, so that any text at all takes the same way. */
export function normalisedUserId(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}
