import { z } from 'zod';
import type { Consent, ListConsentsReply, ListConsentsRequest } from '@tillid/contracts/consent/v1/service';
import { hasExpired } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { citizenOf, parseRequest, type Call } from '@tillid/service';
import { limits } from '../domain/limits.js';
import type { ConsentRoom } from '../room.js';
import { readText } from '../texts/consent-text.js';
import { newestFirst } from './newest-first.js';
import { cursor } from './page-token.js';
import type { ConsentDocument } from './list-consents.read-model.js';

const schema = z.object({
  pageToken: cursor,
  pageSize: z
    .number()
    .int()
    .max(limits.pageSizeMax)
    .transform((size) => size || limits.pageSizeDefault),
});

/** The citizen's own, at every receiver: their pseudonyms there are joined here and shown to nobody. */
export async function listConsents(room: ConsentRoom, request: ListConsentsRequest, call: Call): Promise<ListConsentsReply> {
  const { pageToken, pageSize } = parseRequest(schema, request);
  const citizenId = citizenOf(call).subject;
  const pseudonyms = await room.known.pseudonymsOf(citizenId);
  const { documents, next } = await newestFirst(room.consents, pseudonyms, pageToken, pageSize);
  const texts = await textsOf(room, citizenId, documents, call.deadlineMs);
  const nowMs = room.log.clock.nowMs();
  return {
    consents: documents.map((document, index) => shown(document, texts[index] ?? '', nowMs)),
    nextPageToken: next ?? '',
  };
}

/** Every use of a citizen's key is recorded, so it is not asked for without need. Empty texts when it was destroyed. */
async function textsOf(room: ConsentRoom, citizenId: string, documents: readonly ConsentDocument[], deadlineMs: number): Promise<(string | undefined)[]> {
  if (documents.length === 0) return [];
  try {
    const key = await room.peers.citizenKey(citizenId, deadlineMs);
    return await Promise.all(documents.map(({ consentId }) => readText(room, key, consentId)));
  } catch (error) {
    if (error instanceof Refused && error.code === 'key_ring.key_destroyed') return [];
    throw error;
  }
}

function shown(document: ConsentDocument, text: string, nowMs: number): Consent {
  const { subject: _, status, expiresAtMs, requestedAtMs, textHash, requestedAttributes, grantedAttributes, ...rest } = document;
  const open = status === 'requested' || status === 'granted';
  return {
    ...rest,
    status: open && hasExpired(expiresAtMs, nowMs) ? 'expired' : status,
    requestedAttributes: [...requestedAttributes],
    grantedAttributes: [...grantedAttributes],
    text,
    textHash: Buffer.from(textHash, 'hex'),
    expiresAt: new Date(expiresAtMs),
    requestedAt: new Date(requestedAtMs),
  };
}
