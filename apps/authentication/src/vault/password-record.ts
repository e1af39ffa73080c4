/** What the vault keeps of a password: its hash, and the user id it may not hold (nowhere else is that in clear). */
export interface PasswordRecord {
  readonly hash: string;
  readonly userId: string;
}

export function encodePasswordRecord({ hash, userId }: PasswordRecord): string {
  return `${hash}\n${userId}`;
}

export function decodePasswordRecord(bytes: Uint8Array): PasswordRecord {
  const [hash = '', userId = ''] = Buffer.from(bytes).toString('utf8').split('\n');
  return { hash, userId };
}
