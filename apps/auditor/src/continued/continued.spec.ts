import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LogContinued } from '@tillid/contracts/audit/v1/events';
import { Event } from '@tillid/contracts/event/v1/event';
import { signSuccession } from '@tillid/eventsourcing';
import { InMemoryLog, noteSigner, vkeyOf } from '@tillid/transparency';
import { afterAll, describe, expect, it } from 'vitest';
import { CouldNotLook } from '../could-not-look.js';
import { openLog } from '../log/open-log.js';
import { verdictText } from '../verify/verdict-text.js';
import { verify } from '../verify/verify.js';
import { Monitor } from '../watch/monitor.js';

const former = 'log.example/one';
const origin = `${former}/continued-1`;
const [formerSeed, seed] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const folder = mkdtempSync(join(tmpdir(), 'tillid-continued-'));
afterAll(() => rmSync(folder, { recursive: true }));

const old = Array.from({ length: 300 }, (_, index) => Buffer.from(`entry-${index}`));
const oldLog = new InMemoryLog(noteSigner(former, formerSeed));
/** What somebody kept when the old log had so many entries. */
const checkpoints = new Map<number, string>();
for (const [index, entry] of old.entries()) {
  oldLog.append([entry]);
  checkpoints.set(index + 1, Buffer.from(oldLog.files.get('checkpoint')!).toString());
}

interface Case {
  readonly names?: number;
  readonly keeps?: number;
  readonly vouched?: boolean;
  readonly by?: Buffer;
}

/** The log that continues it in a folder, and how somebody looks at it who has a key and a checkpoint. */
function continuing({ names = 300, keeps = 260, vouched = true, by = seed }: Case = {}) {
  const [vkey, formerCheckpoint] = [vkeyOf(origin, by), checkpoints.get(names)!];
  const said = LogContinued.encode({ source: 'audit/1', publicKey: Buffer.alloc(32, 9), vkey, formerVkey: vkeyOf(former, formerSeed), formerCheckpoint, succession: vouched ? signSuccession(noteSigner(former, formerSeed), vkey, formerCheckpoint) : '', kept: [{ source: 'consent/0', position: keeps, chain: Buffer.alloc(32) }], lostBecause: 'log.ledger_shorter' }).finish();
  const first = Event.encode(Event.fromPartial({ id: Buffer.alloc(16, 1), salt: Buffer.alloc(16, 1), source: 'audit/1', stream: 'source-keys', revision: 1, type: 'tillid.audit.v1.LogContinued', schemaRevision: 1, data: Buffer.from(said) })).finish();
  const log = new InMemoryLog(noteSigner(origin, seed));
  log.append([first, ...old.slice(0, keeps), ...Array.from({ length: 50 }, (_, index) => Buffer.from(`new-${index}`))]);
  const place = mkdtempSync(join(folder, 'log-'));
  for (const [file, bytes] of log.files) {
    mkdirSync(dirname(join(place, file)), { recursive: true });
    writeFileSync(join(place, file), bytes);
  }
  const opened = (key: string) => {
    writeFileSync(`${place}.vkey`, `${key}\n`);
    return openLog({ log: place, vkey: `${place}.vkey`, data: '/nowhere', entries: false });
  };
  return {
    verified: async (key: string, previousCheckpoint?: string) => verify(await opened(key), { entries: false, previousCheckpoint }),
    watched: async (key: string, previousCheckpoint?: string) => (await Monitor.open(await opened(key), { entries: false, previousCheckpoint, patienceMs: 0, staleAfterMs: 0, tilesAgain: 16 })).look(),
  };
}

const [newKey, oldKey] = [vkeyOf(origin, seed), vkeyOf(former, formerSeed)];
const codes = (found: readonly { readonly code: string }[] = []) => found.map(({ code }) => code);

describe('whoever kept something of a log that was lost', () => {
  it('is told that this is another, that the old key named it, and that all it had seen stands in it', async () => {
    const { verified, watched } = continuing();
    const verdict = await verified(newKey, checkpoints.get(200)!);
    expect([verdict.holds, verdict.log.holds, codes(verdict.continued?.findings)]).toEqual([false, true, ['log.continued']]);
    expect(verdict.continued).toMatchObject({ origin, former, formerSize: 300, kept: 260, vouchedFor: true, seen: { size: 200, standsHere: true } });
    expect(verdictText(verdict, 'state')).toContain('proved: all 200 entries under the checkpoint kept stand in it');
    const look = await watched(newKey, checkpoints.get(200)!);
    expect([look.holds, codes(look.alarms)]).toEqual([false, ['log.continued']]);
    expect(look.alarms[0]!.evidence).toContain(checkpoints.get(200));
  });

  it('is told so with nothing but the old key, which leads to the new one', async () => {
    const { verified, watched } = continuing();
    expect(await verified(oldKey)).toMatchObject({ holds: false, log: { holds: true }, continued: { vkey: newKey } });
    expect(codes((await watched(oldKey)).alarms)).toEqual(['log.continued']);
  });

  it('is not told that it stands in it when some of it does not', async () => {
    expect((await continuing().verified(newKey, checkpoints.get(261)!)).continued?.seen).toEqual({ size: 261, standsHere: false });
    expect(verdictText(await continuing().verified(newKey, checkpoints.get(300)!), 'state')).toContain('not proved: that the 300 entries');
  });

  it('finds a log that names less than it has seen', async () => {
    expect(codes((await continuing({ names: 250, keeps: 250 }).verified(newKey, checkpoints.get(300)!)).continued?.findings)).toEqual(['log.continued', 'log.names_less']);
  });

  it('is told when only the operator says that this continues it, and no other key is believed then', async () => {
    const { verified } = continuing({ vouched: false });
    const verdict = await verified(oldKey);
    expect([verdict.log.holds, codes(verdict.log.findings), verdict.continued?.vouchedFor]).toEqual([false, ['checkpoint.refused'], false]);
    expect(verdictText(verdict, 'nothing')).toContain("NOT signed by that log's key");
  });

  it('could not look when this has nothing to do with what it kept', async () => {
    const stranger = new InMemoryLog(noteSigner('log.example/two', Buffer.alloc(32, 7)));
    stranger.append(old.slice(0, 5));
    const { verified, watched } = continuing();
    const theirs = Buffer.from(stranger.files.get('checkpoint')!).toString();
    await expect(verified(newKey, theirs)).rejects.toThrow(CouldNotLook);
    await expect(watched(newKey, theirs)).rejects.toThrow('note.unknown_signer');
    // Nor is a first entry believed that names another key than the one that signed the tree.
    expect(codes((await continuing({ by: Buffer.alloc(32, 5) }).verified(oldKey)).log.findings)).toEqual(['checkpoint.refused']);
    expect((await continuing({ by: Buffer.alloc(32, 5) }).verified(oldKey)).continued).toBeUndefined();
  });

  it('who begins with the new key and no state has nothing to be told', async () => {
    expect(await continuing().verified(newKey)).toMatchObject({ holds: true });
  });
});
