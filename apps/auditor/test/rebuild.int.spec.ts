import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { HeadsSeen } from '@tillid/contracts/audit/v1/events';
import { ClientRegistered, SubjectLinked } from '@tillid/contracts/authentication/v1/events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogOnDisk, logOf, noon, Source } from '../src/record.spec-kit.js';

const checkout = join(import.meta.dirname, '../../..');

interface Built {
  readonly holds: boolean;
  readonly lists: readonly { readonly service: string; readonly name: string; readonly digest: string; readonly documents: number; readonly source: string; readonly position: number; readonly verdict: string }[];
}

/** Forty citizens meet one client, five a second; audit sees it every second. */
function meetings(): Buffer[] {
  const [authentication, audit] = [new Source('authentication/0'), new Source('audit/0')];
  const leaves = [authentication.events[0]!, audit.events[0]!];
  leaves.push(authentication.write('client-bank', 'tillid.authentication.v1.ClientRegistered', ClientRegistered.encode(ClientRegistered.fromPartial({ clientId: 'bank', name: 'Bank' })).finish()));
  for (let count = 1; count <= 40; count++) {
    leaves.push(authentication.write(`subject-${count}`, 'tillid.authentication.v1.SubjectLinked', SubjectLinked.encode(SubjectLinked.fromPartial({ pseudonym: `p-${count}`, clientId: 'bank', citizenId: `citizen-${count}` })).finish()));
    if (count % 5 !== 0) continue;
    const timeMs = noon + count * 200;
    leaves.push(audit.write('heads-seen', 'tillid.audit.v1.HeadsSeen', HeadsSeen.encode({ timeMs, heads: [authentication, audit].map((source) => source.head(timeMs)) }).finish()));
  }
  return leaves;
}

let log: LogOnDisk;
let scratch: string;
beforeAll(async () => {
  log = await LogOnDisk.write(logOf(meetings(), undefined, [20]));
  scratch = await mkdtemp(join(tmpdir(), 'tillid-scratch-'));
});
afterAll(() => Promise.all([log.remove(), rm(scratch, { recursive: true })]));

async function run(program: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(checkout, program), ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
  return { code, out, err };
}
const rebuild = (on: LogOnDisk, ...args: string[]) => run('apps/auditor/bin/tillid-auditor.mjs', 'rebuild', on.log, '--vkey', on.vkey, '--scratch', scratch, ...args);
const built = async (...args: string[]) => JSON.parse((await rebuild(log, '--json', ...args)).out) as Built;
const linksOf = ({ lists }: Built) => lists.filter(({ name }) => ['on-subject-linked', 'subjects', 'subject-links'].includes(name)).map(({ service, documents, source, position }) => [service, documents, `${source}@${position}`]);

describe("tillid-auditor rebuild, with the services' own programs", () => {
  it('builds every list as it was at an instant, and as it was after so many entries', async () => {
    const second = await built('--until', new Date(noon + 2999).toISOString());
    expect([second.holds, new Set(second.lists.map(({ service }) => service)).size]).toEqual([true, 4]);
    // Two keys, the client, ten meetings; in the ledger one HeadsSeen before them.
    expect(linksOf(second)).toEqual([['identity', 10, 'authentication/0@12'], ['consent', 10, 'authentication/0@12'], ['audit', 10, 'ledger/0@14']]);
    expect(linksOf(await built('--until', new Date(noon + 999).toISOString()))).toEqual([['identity', 0, 'authentication/0@0'], ['consent', 0, 'authentication/0@0'], ['audit', 0, 'ledger/0@0']]);
    expect(linksOf(await built('--until', '6'))).toEqual([['identity', 3, 'authentication/0@5'], ['consent', 3, 'authentication/0@5'], ['audit', 3, 'ledger/0@6']]);
  });

  it('builds what the program by itself builds from the file that a replay prints', async () => {
    const { lists } = await built('--until', '50');
    const file = join(scratch, 'replay.ndjson');
    await writeFile(file, (await run('apps/auditor/bin/tillid-auditor.mjs', 'replay', log.log, '--vkey', log.vkey)).out);
    const { out } = await run('apps/consent/dist/main.js', 'rebuild', '--from', file, '--until', '50');
    const { service, positions, readModels } = JSON.parse(out) as { service: string; positions: object; readModels: Built['lists'] };
    expect([service, positions]).toEqual(['consent', { 'audit/0': 8, 'authentication/0': 42, 'ledger/0': 50 }]);
    expect(readModels.map(({ name, digest }) => [name, digest])).toEqual(lists.filter((list) => list.service === 'consent').map(({ name, digest }) => [name, digest]));
    await rm(file);
  });

  it('builds nothing from a log that is not what was signed, and exits 1', async () => {
    const broken = await log.copy();
    const bundle = join(broken.log, 'tile/entries/000.p/51');
    const bytes = await readFile(bundle);
    bytes[bytes.indexOf('citizen-7')]! ^= 1;
    await writeFile(bundle, bytes);
    const { code, out } = await rebuild(broken, '--until', '51');
    expect([code, out]).toEqual([1, expect.stringContaining('entry.mismatch')]);
    expect((JSON.parse((await rebuild(broken, '--until', '51', '--json')).out) as Built).lists).toEqual([]);
    await broken.remove();
  });

  it('nor from one whose operator signed another past', async () => {
    const leaves = meetings();
    const forged = leaves.map((leaf) => Buffer.from(leaf.toString('latin1').replace('citizen-7', 'citizen-8'), 'latin1'));
    const broken = await LogOnDisk.write(logOf(forged));
    const { code, out } = await rebuild(broken, '--until', '51');
    expect([code, out]).toEqual([1, expect.stringContaining('head.chain_differs')]);
    await broken.remove();
  });

  it.each([
    ['an instant that could be two', ['--until', '24/11/2026']],
    ['more entries than there are', ['--until', '52']],
    ['programs that are not there', ['--until', '1', '--programs', '/nowhere']],
    ['no services to compare with', ['--data', '/nowhere']],
  ])('exits 2 at %s', async (_, args) => {
    const { code, out, err } = await rebuild(log, ...args);
    expect([code, out], err).toEqual([2, '']);
  });

  it('leaves nothing behind', async () => {
    expect(await readdir(scratch)).toEqual([]);
  });
});
