import { createHmac, timingSafeEqual } from 'node:crypto';
import { refuse } from '../domain/audit.refusals.js';

/** What a replay was recorded as: the same for as long as it is resumed. Ledger positions per source. */
export interface ReplayBounds {
  readonly replayId: string;
  /** Where entries before the instant asked for end. */
  readonly skipUntil: Readonly<Record<string, number>>;
  /** Where entries dated until the instant asked for end; a source it does not name has none. Null: no such instant. */
  readonly stopAfter: Readonly<Record<string, number>> | null;
}

/** Names the recorded replay and the next leaf: no secret, since a replay that is not recorded, or another's, is refused. */
export interface ResumePoint extends ReplayBounds {
  readonly nextLeafIndex: number;
  /** Over the bounds and the filter: with others than it was recorded with, the token is refused. */
  readonly binding: string;
}

/** `key`: the fingerprint of the command that recorded the replay, which stands in audit's own store and nowhere else. */
export function bindingOf(key: Uint8Array, { replayId, skipUntil, stopAfter }: ReplayBounds, filter: string): string {
  return createHmac('sha256', key).update(JSON.stringify(['replay', replayId, skipUntil, stopAfter, filter])).digest('base64url');
}

export function isBoundBy(key: Uint8Array, point: ResumePoint, filter: string): boolean {
  const [said, is] = [Buffer.from(point.binding), Buffer.from(bindingOf(key, point, filter))];
  return said.length === is.length && timingSafeEqual(said, is);
}

export function formatResumeToken({ replayId, nextLeafIndex, skipUntil, stopAfter, binding }: ResumePoint): string {
  return Buffer.from(JSON.stringify([replayId, nextLeafIndex, skipUntil, stopAfter, binding]), 'utf8').toString('base64url');
}

export function parseResumeToken(token: string): ResumePoint {
  try {
    if (token.length > 2000) throw new Error('too long');
    const [replayId, nextLeafIndex, skipUntil, stopAfter, binding] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as unknown[];
    if (typeof replayId !== 'string' || !/^[0-9a-f]{32}$/.test(replayId)) throw new Error('no replay id');
    if (!Number.isSafeInteger(nextLeafIndex) || (nextLeafIndex as number) < 0) throw new Error('no leaf index');
    if (!arePositions(skipUntil) || !(stopAfter === null || arePositions(stopAfter))) throw new Error('no positions');
    if (typeof binding !== 'string') throw new Error('bound by nothing');
    return { replayId, nextLeafIndex: nextLeafIndex as number, skipUntil, stopAfter, binding };
  } catch (cause) {
    const refused = refuse('replay.token_malformed');
    refused.cause = cause;
    throw refused;
  }
}

function arePositions(value: unknown): value is Record<string, number> {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isSafeInteger);
}
