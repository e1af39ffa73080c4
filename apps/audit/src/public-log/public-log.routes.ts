import type { HttpReply, HttpRoute } from '@tillid/service';
import { parseLogPath, type LogFiles } from '@tillid/transparency';
import { auditSource } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import type { AuditRoom } from '../audit.room.js';
import { cosignedCheckpoint, latestCheckpoint } from '../get-checkpoint/get-checkpoint.js';
import { recordAuditing } from '../record-reading/record-reading.js';

const immutable = 'public, max-age=31536000, immutable';
const octets = 'application/octet-stream';
const plain = 'text/plain; charset=utf-8';

/** The log as C2SP tlog-tiles says. Hashes are everyone's; the entries themselves only auditors'. */
export function publicLogRoutes({ signedTree, cosignedTree, files, log, readings, ledger }: Pick<AuditRoom, 'signedTree' | 'cosignedTree' | 'files' | 'log' | 'readings' | 'ledger'>): HttpRoute[] {
  return [
    {
      method: 'GET',
      path: '/checkpoint',
      access: 'public',
      // From the record, not from the file: what a signer that was replaced wrote late is never served.
      handle: async () => checkpointReply(latestCheckpoint({ signedTree, cosignedTree })),
    },
    // Not of tlog-tiles: under load the newest tree is always a moment ahead of its witnesses.
    { method: 'GET', path: '/cosigned-checkpoint', access: 'public', handle: async () => checkpointReply(cosignedCheckpoint({ cosignedTree })) },
    // Nor this: how a key of the log named the next, for whoever knows the old one.
    { method: 'GET', path: '/key/*', access: 'public', handle: ({ params }) => serve(files, `key/${params['*']}`, 'key') },
    // Which log this one continues is everyone's to know; without it only auditors could read the entry that says so.
    { method: 'GET', path: '/continued', access: 'public', handle: async () => firstEntryReply(log.source === auditSource ? undefined : (await ledger.readAll(0, 1))[0]?.bytes) },
    {
      method: 'GET',
      path: '/tile/entries/*',
      access: ['auditor', 'service'],
      handle: async ({ params, caller }) => {
        // Replicas of audit that have no volume; no other service reads what others did.
        if (caller?.kind === 'service' && caller.id !== 'audit') throw refuse('entry.unknown');
        if (caller?.kind === 'auditor') await recordAuditing({ log, readings }, caller.id);
        return serve(files, `tile/entries/${params['*']}`, 'bundle');
      },
    },
    // On the public listener, where the route above does not exist, a bundle's path ends up here: it is not a tile.
    { method: 'GET', path: '/tile/*', access: 'public', handle: ({ params }) => serve(files, `tile/${params['*']}`, 'tile') },
  ];
}

function checkpointReply(body: string): HttpReply {
  return { status: 200, contentType: plain, body, headers: { 'cache-control': 'public, max-age=1' } };
}

function firstEntryReply(body: Uint8Array | undefined): HttpReply {
  if (body === undefined) throw refuse('entry.unknown');
  return { status: 200, contentType: octets, body: Buffer.from(body), headers: { 'cache-control': 'public, max-age=60' } };
}

async function serve(files: LogFiles, path: string, kind: 'tile' | 'bundle' | 'key'): Promise<HttpReply> {
  const place = parseLogPath(path);
  const body = place?.kind === kind ? await files.read(path) : undefined;
  if (body === undefined) throw refuse('entry.unknown');
  return { status: 200, contentType: kind === 'key' ? plain : octets, body, headers: { 'cache-control': kind === 'bundle' ? immutable.replace('public', 'private') : immutable } };
}
