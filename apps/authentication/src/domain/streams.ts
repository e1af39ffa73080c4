/** The only place that knows what the streams are called. */
export const streams = {
  client: (clientId: string) => `client-${clientId}`,
  subject: (pseudonym: string) => `subject-${pseudonym}`,
  authenticators: (citizenId: string) => `authenticators-${citizenId}`,
  codeCard: (cardId: string) => `code-card-${cardId}`,
  signIn: (signInId: string) => `sign-in-${signInId}`,
  session: (sessionId: string) => `session-${sessionId}`,
  caller: (kind: string, id: string) => `caller-${kind}-${id}`,
};
