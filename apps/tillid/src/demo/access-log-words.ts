/** What a citizen reads for an event, and why it is there. Events of consent carry purpose and basis, which say more than any word here. */
const words: Readonly<Record<string, { readonly what: string; readonly why: string }>> = {
  CitizenRegistered: { what: 'Registered', why: 'so that you can have a key' },
  IdentityProofProposed: { what: 'Papers seen by a first official', why: 'to prove who you are; it takes two' },
  IdentityProved: { what: 'Identity proved', why: 'to prove who you are' },
  CitizenBlocked: { what: 'Blocked', why: 'so that nobody can sign in as you' },
  CitizenUnblocked: { what: 'No longer blocked', why: 'so that you can sign in again' },
  CitizenClosed: { what: 'Closed', why: 'your record has ended' },
  CitizenRead: { what: 'Record read', why: 'an official looked you up' },
  NationalNumberMatched: { what: 'Asked if a national number is yours', why: 'to be sure of the right person' },
  EncryptionKeyCreated: { what: 'Encryption key made', why: 'to keep your data under a key of its own' },
  EncryptionKeyUsed: { what: 'Encryption key used', why: 'to read or write your data; counted by the day' },
  EncryptionKeyDestroyed: { what: 'Encryption key destroyed', why: 'so that nobody can read your data again' },
  SubjectLinked: { what: 'Pseudonym made', why: 'so that no other service knows you by it' },
  ActivationCodeIssued: { what: 'Activation letter written', why: 'so that you can get your key' },
  ActivationRefused: { what: 'Activation refused', why: 'the code was not a good one' },
  KeyActivated: { what: 'Key activated', why: 'with the code of the letter' },
  PasswordSet: { what: 'Password set', why: 'your key needs one' },
  CodeCardIssued: { what: 'Code card made', why: 'your key needs one' },
  CodeCardCollected: { what: 'Code card collected', why: 'your key needs one' },
  CodeCardReplaced: { what: 'Code card replaced', why: 'another one took its place' },
  CodeUsed: { what: 'Code of the card used', why: 'each code works once' },
  KeyBlocked: { what: 'Key blocked', why: 'so that nobody can sign in with it' },
  SignInStarted: { what: 'Sign-in begun', why: 'to know that it is you' },
  FactorAccepted: { what: 'Password or code accepted', why: 'to know that it is you' },
  FactorRefused: { what: 'Password or code refused', why: 'it was not the right one' },
  SignInCompleted: { what: 'Sign-in completed', why: 'password and code were right' },
  SignInAbandoned: { what: 'Sign-in given up', why: 'it was ended before it was complete' },
  SignInRedeemed: { what: 'Sign-in collected', why: 'to know that it is you' },
  SessionStarted: { what: 'Session started', why: 'you are signed in' },
  SessionEnded: { what: 'Session ended', why: 'you are signed in there no longer' },
  TokenMisused: { what: 'Token refused', why: 'it was not for whoever showed it' },
  CallRefused: { what: 'Call refused', why: 'the caller had no right to make it' },
  AccessLogRead: { what: 'Access log read', why: 'to see who did what' },
  EntriesRead: { what: 'Entries read one by one', why: 'an auditor checks the record' },
  LogContinued: { what: 'The log begun anew', why: 'its last signed state was lost' },
  FeedRead: { what: "A service's log read", why: 'an auditor checks the record' },
  SourceReplayed: { what: 'A service got its log back', why: 'it was put back from a backup' },
  LogReplayed: { what: 'The log read', why: 'an auditor checks the record' },
};

export function wordsFor(type: string): { readonly what: string; readonly why: string } {
  const name = shortType(type);
  return words[name] ?? { what: name.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), why: '' };
}

export function shortType(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}
