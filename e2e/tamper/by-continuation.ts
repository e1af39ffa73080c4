import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogContinued } from '@tillid/contracts/audit/v1/events';
import { systemIds } from '@tillid/crypto';
import { Event } from '@tillid/contracts/event/v1/event';
import { vkeyOf } from '@tillid/transparency';
import { auditSource, bytesOf, eventOf } from './events.js';
import { evening, origin, seed, type Copy } from './installation.js';
import type { Act } from './kinds.js';
import { openLog, openOrigin, verify } from './programs.js';

interface Pretence {
  /** What the one who looks had kept of the old log. */
  readonly keptAt: 'nothing' | 'half' | 'end';
  /** A checkpoint that the operator names as the last, and has no newer one of. */
  readonly named?: 'half';
  /** What becomes of the new log's entries, by whoever has its key. */
  readonly change?: (leaves: Uint8Array[]) => readonly Uint8Array[];
}

/** The operator throws away what the tree could be made again from, and gives the command; somebody who had looked before looks again. */
export const continued = ({ keptAt, named, change }: Pretence): Act => async (copy) => {
  const data = join(copy.folder, 'audit');
  const end = readFileSync(copy.path('checkpoint'), 'utf8');
  mkdirSync(join(data, 'secrets'), { recursive: true });
  writeFileSync(join(data, 'secrets/log-signing.key'), seed);
  rmSync(join(data, 'tree-head.sqlite'));
  if (named) rmSync(copy.path('checkpoint'));
  await openOrigin({ data, origin, lastCheckpoint: named && copy.original.keptCheckpoint, clock: { nowMs: () => evening }, ids: systemIds });
  if (change) copy.signAnew(change(await copy.eventsIn('audit', 'ledger')), readFileSync(join(data, 'secrets/log-signing.key')), `${origin}/continued-1`);
  return looked(copy, keptAt === 'nothing' ? undefined : keptAt === 'half' ? copy.original.keptCheckpoint : end);
};

async function looked(copy: Copy, previousCheckpoint?: string): Promise<string[]> {
  const { log, record, continued: another } = await verify(await openLog({ log: copy.path(''), vkey: join(copy.folder, 'audit/log.vkey'), data: '/nowhere', entries: true }), { entries: true, previousCheckpoint });
  return [...new Set([...(another?.findings ?? []), ...log.findings, ...(record?.findings ?? [])].map(({ code }) => code))];
}

const lateEntry = (leaves: readonly Uint8Array[]) => leaves.findIndex((bytes) => Event.decode(bytes).stream === 'share-late');

export const byContinuation = {
  'F01': continued({ keptAt: 'half' }),
  'F02': continued({ keptAt: 'end', named: 'half' }),
  'F03': async (copy) => {
    const own = Buffer.alloc(32, 8);
    copy.signAnew(copy.original.leaves, own, `${origin}/continued-1`);
    writeFileSync(join(copy.folder, 'audit/log.vkey'), `${vkeyOf(`${origin}/continued-1`, own)}\n`);
    return looked(copy);
  },
  'F04': continued({ keptAt: 'nothing', change: (leaves) => [...leaves, bytesOf(eventOf(auditSource, 'invented', 1, evening))] }),
  'F05': continued({ keptAt: 'nothing', change: (leaves) => leaves.toSpliced(lateEntry(leaves), 1) }),
  'F06': continued({ keptAt: 'nothing', change: (leaves) => [...leaves, bytesOf({ ...eventOf('audit/1', 'invented', 1, evening), type: 'tillid.audit.v1.LogContinued', data: Buffer.from(LogContinued.encode(LogContinued.fromPartial({ source: 'audit/1' })).finish()) })] }),
} satisfies Record<string, Act>;
