import type { ListSessionsReply, ListSessionsRequest, Session } from '@tillid/contracts/authentication/v1/service';
import { type Call, citizenOf, parseRequest } from '@tillid/service';
import { z } from 'zod';
import type { Authentication } from '../authentication.js';
import type { OpenSession } from '../directory/directory.read-model.js';
import { refuseCall } from '../domain/authentication.refusals.js';

const request = z.object({ pageToken: z.string().max(500), pageSize: z.number().int().min(0).max(100) });
const place = z.tuple([z.string(), z.number().int().nonnegative(), z.string()]);
type Place = z.infer<typeof place>;

/** The citizen's open sessions everywhere, client by client, in the order they started. */
export async function listSessions({ clients, clock, directory }: Authentication, wire: ListSessionsRequest, call: Call): Promise<ListSessionsReply> {
  const { pageToken, pageSize } = parseRequest(request, wire);
  const { subject: citizenId } = citizenOf(call);
  const size = pageSize === 0 ? 50 : pageSize;
  const from = pageToken === '' ? undefined : placeIn(pageToken);
  const found: OpenSession[] = [];

  search: for await (const { id: pseudonym } of directory.subjectsOf(citizenId, from?.[0])) {
    let after = from?.[0] === pseudonym ? from : undefined;
    for (;;) {
      const page = await directory.sessionsOf(pseudonym, after && ['session', ...after], size);
      for (const session of page) {
        if (session.expiresAtMs <= clock.nowMs()) continue;
        // One more than fits says that there is more.
        if (found.push(session) > size) break search;
      }
      if (page.length < size) break;
      after = placeOf(page.at(-1)!);
    }
  }
  const shown = found.slice(0, size);
  const sessions = await Promise.all(shown.map(async (session): Promise<Session> => {
    const { name } = await clients.registered(session.clientId);
    const { id: sessionId, clientId, level, startedAtMs, expiresAtMs } = session;
    return { sessionId, clientId, clientName: name, level, startedAt: new Date(startedAtMs), expiresAt: new Date(expiresAtMs) };
  }));
  return { sessions, nextPageToken: found.length > size ? tokenOf(placeOf(shown.at(-1)!)) : '' };
}

function placeOf({ owner, startedAt, id }: OpenSession): Place {
  return [owner, startedAt, id];
}

function tokenOf(of: Place): string {
  return Buffer.from(JSON.stringify(of)).toString('base64url');
}

/** Only where to go on: whose sessions are shown follows from the citizen's token, never from this. */
function placeIn(pageToken: string): Place {
  try {
    return place.parse(JSON.parse(Buffer.from(pageToken, 'base64url').toString('utf8')));
  } catch {
    throw refuseCall('call.malformed', { fields: [{ field: 'page_token', description: 'is not one of ours' }] });
  }
}
