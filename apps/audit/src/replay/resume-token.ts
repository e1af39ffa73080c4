import { refuse } from '../domain/audit.refusals.js';

/** Names the recorded replay and the next leaf: no secret, since a replay that is not recorded, or another's, is refused. */
export interface ResumePoint {
  readonly replayId: string;
  readonly nextLeafIndex: number;
  /** Where entries before the instant asked for end, per source, as ledger positions. */
  readonly skipUntil: Readonly<Record<string, number>>;
}

export function formatResumeToken({ replayId, nextLeafIndex, skipUntil }: ResumePoint): string {
  return Buffer.from(JSON.stringify([replayId, nextLeafIndex, skipUntil]), 'utf8').toString('base64url');
}

export function parseResumeToken(token: string): ResumePoint {
  try {
    if (token.length > 2000) throw new Error('too long');
    const [replayId, nextLeafIndex, skipUntil] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as [unknown, unknown, unknown];
    if (typeof replayId !== 'string' || !/^[0-9a-f]{32}$/.test(replayId)) throw new Error('no replay id');
    if (!Number.isSafeInteger(nextLeafIndex) || (nextLeafIndex as number) < 0) throw new Error('no leaf index');
    if (typeof skipUntil !== 'object' || skipUntil === null || !Object.values(skipUntil).every(Number.isSafeInteger)) throw new Error('no positions');
    return { replayId, nextLeafIndex: nextLeafIndex as number, skipUntil: skipUntil as Record<string, number> };
  } catch (cause) {
    const refused = refuse('replay.token_malformed');
    refused.cause = cause;
    throw refused;
  }
}
