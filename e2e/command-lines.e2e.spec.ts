import { connect } from 'node:net';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCitizen, signIn } from './support/citizen.js';
import { checkout, command, run, type ServiceName, serviceNames, System } from './support/system.js';
import { until } from './support/until.js';

const tillid = 'apps/tillid/bin/tillid.mjs';
let system: System;

beforeAll(async () => {
  system = await System.start(21_800, { folder: "tillid e2e, Anne's folder-" });
});

afterAll(async () => {
  await system?.remove();
});

describe('tillid, where nothing is running or the words are wrong', () => {
  it('says so, and that it could not look', async () => {
    for (const words of [['status'], ['demo'], ['client', 'add', 'bank'], ['citizen', 'add', '--first-name', 'Anne']]) {
      const { code, stdout, stderr } = await command(tillid, [...words, '--data', join(system.data, 'nothing-here')]);
      expect([code, stdout], stderr).toEqual([2, '']);
      expect(stderr).toContain('nothing is running');
    }
    for (const words of [['bogus'], ['demo', '--bogus'], ['demo', '--citizens', '0'], ['up', '--port-base', '99'], ['client', 'add'], ['client', 'add', 'NOT GOOD'], ['citizen', 'add', '--evidence', 'hearsay']]) {
      const { code, stdout, stderr } = await command(tillid, words);
      expect([code, stdout], stderr).toEqual([2, '']);
      expect(stderr).toContain('error: ');
    }
    expect(existsSync(join(system.data, 'nothing-here'))).toBe(false);
  });

  it('shows an example for each command', async () => {
    for (const words of [['up'], ['demo'], ['status'], ['client', 'add'], ['citizen', 'add']]) {
      const { code, stdout } = await command(tillid, [...words, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain(`Example:\n  $ tillid ${words.join(' ')}`);
    }
  });
});

describe('a client added by hand', () => {
  it('is told a call that works as it stands, and is the same one when added again', async () => {
    const added = await system.tillid('client', 'add', 'fjordkiosken', '--public-name', 'Fjordkiosken', '--json');
    const { call, folder, register } = JSON.parse(added.stdout) as { call: string; folder: string; register: string };
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['ca.pem', 'cert.pem', 'key.pem']));
    const { code, stdout, stderr } = await run('bash', ['-c', call], checkout);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('coverage.sources');
    const again = await system.tillid('client', 'add', 'fjordkiosken', '--json');
    expect([register, (JSON.parse(again.stdout) as { register: string }).register]).toEqual(['registered', 'was registered before']);
  });
});

describe('a citizen added by hand', () => {
  it('gets a letter that opens their own rooms', async () => {
    const { token } = await signIn(system, await addCitizen(system, '6705801234'));
    expect(token.split('.')).toHaveLength(3);
  });
});

describe('a citizen\'s copy of their own log', () => {
  it('is all there was, says tillid-auditor offline, and is not when a line is taken out', async () => {
    const [kept, today, touched] = ['kept.json', 'today.json', 'touched.json'].map((name) => join(system.data, name)) as [string, string, string];
    expect((await system.tillid('demo', '--citizens', '2', '--own-log', kept)).code).toBe(0);
    const ownLog = (...words: string[]) => command('apps/auditor/bin/tillid-auditor.mjs', ['own-log', ...words, '--vkey', system.running.vkeyFile]);
    const { code, stdout } = await ownLog(kept);
    expect([code, stdout], stdout).toEqual([0, expect.stringMatching(/citizen\/[^:]+: [0-9]{2} lines[^]*HOLDS/)]);
    const copy = JSON.parse(readFileSync(kept, 'utf8')) as { logs: { lines: unknown[] }[] };
    for (const [words, lines] of [['own_log.hole', copy.logs[0]!.lines.toSpliced(4, 1)], ['own_log.withheld', copy.logs[0]!.lines.slice(0, 4)]] as const) {
      const without = { ...copy, logs: copy.logs.with(0, { ...copy.logs[0]!, lines: [...lines] }) };
      writeFileSync(touched, JSON.stringify(without));
      const wrong = await ownLog(touched);
      expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringContaining(words)]);
    }
    expect((await ownLog(kept, '--earlier', kept)).code).toBe(0);
    expect((await ownLog(touched, '--earlier', kept)).stdout).toContain('own_log.rewritten');
    expect((await ownLog(today)).code).toBe(2);
  });
});

describe('the report an auditor asks for', () => {
  it('is one page of what the log proves', async () => {
    const output = join(system.data, 'report.html');
    const { code, stdout, stderr } = await system.auditor('report', '--output', output);
    expect([code, stdout], stderr).toEqual([0, expect.stringContaining('HOLDS')]);
    const page = readFileSync(output, 'utf8');
    for (const words of ['Fjordbanken', 'consent.withdrawn', 'Every entry in it is proven', 'None: each access names']) expect(page).toContain(words);
    expect((await system.auditor('report', '--output', join(system.data, 'no', 'such', 'folder.html'))).code).toBe(2);
  });
});

describe('a replay of what an auditor looks for', () => {
  it('is the same whoever chooses, and called complete only where all was read; into a file too', async () => {
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const asked = ['--client', 'fjordbanken', '--outcome', 'ok', '--outcome', 'refused', '--from', '2020-01-01T00:00:00Z', '--until', new Date(Date.now() - 2_500).toISOString()];
    const replay = async (...words: string[]) => {
      const { code, stdout, stderr } = await system.auditor('replay', ...asked, ...words, '--json');
      expect(code, stderr).toBe(0);
      return { stdout, stderr };
    };
    const withoutPosition = (lines: string) => lines.trimEnd().split('\n').map((line) => ({ ...(JSON.parse(line) as object), position: undefined }));
    const [read, chosen] = [await replay(), await replay('--chosen-by-service')];
    expect([JSON.parse(read.stderr), JSON.parse(chosen.stderr)]).toMatchObject([{ holds: true, complete: true }, { holds: true, complete: false, findings: [] }]);
    const lines = withoutPosition(read.stdout);
    expect(lines.length).toBeGreaterThan(10);
    expect(withoutPosition(chosen.stdout)).toEqual(lines);
    for (const [words, wanted] of [[[], read.stdout], [['--chosen-by-service'], chosen.stdout]] as const) {
      const file = join(system.data, `replay-${words.length}.ndjson`);
      // Twice: the second goes on where the first ended, by audit's own token.
      for (let time = 0; time < 2; time += 1) {
        expect(JSON.parse((await replay('--output', file, ...words)).stdout)).toMatchObject({ holds: true, printed: lines.length });
        expect(readFileSync(file, 'utf8')).toBe(wanted);
      }
    }
  });
});

describe('tillid up', () => {
  it('refuses a second one on the same folder', async () => {
    const { code, stderr } = await system.tillid('up');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`already running on ${system.data} (process ${system.running.pid})`)]);
  });

  it('says which address is taken, and ends, leaving nothing running', async () => {
    const { code, stderr } = await command(tillid, ['up', '--data', join(system.data, 'second'), '--port-base', String(system.running.portBase)]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${system.running.grpc.identity} is taken by another program`);
    expect(processesOn(join(system.data, 'second'))).toEqual([]);
  });

  it('tells of a service that is silent, and does not wait for it for ever', async () => {
    const pid = system.running.pids.consent;
    process.kill(pid, 'SIGSTOP');
    const [{ code, stdout }, compared] = await Promise.all([system.tillid('status', '--json'), system.auditor('compare', '--wait', '1')]).finally(() => process.kill(pid, 'SIGCONT'));
    expect([compared.code, compared.stderr]).toEqual([2, expect.stringContaining('could not look: consent/0')]);
    const { services } = JSON.parse(stdout) as { services: Record<ServiceName, { serving: boolean; error?: string }> };
    expect([code, services.consent.serving, services.consent.error, services.identity.serving]).toEqual([1, false, expect.stringContaining('deadline'), true]);
    await until('all is well again', async () => (await system.tillid('status')).code === 0);
  });

  it('stops in good order on one Ctrl-C, though npm and the set-up pass it on as well', async () => {
    const { pid, pids } = system.running;
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGINT');
    expect(await system.stop()).toBe(0);
    for (const name of serviceNames) expect(readFileSync(join(system.data, 'logs', `${name}.log`), 'utf8').trimEnd().split('\n').at(-1)).toContain('"msg":"stopped"');
    expect(Object.values(pids).filter(isAlive)).toEqual([]);
    expect(existsSync(join(system.data, 'running.json'))).toBe(false);
    await system.up();
  });

  it('leaves nothing running when it is killed, and starts again on the same folder', async () => {
    const { pid, pids, grpc } = system.running;
    process.kill(pid, 'SIGKILL');
    await until('every service has ended', () => Object.values(pids).every((service) => !isAlive(service)), 10_000);
    expect((await system.tillid('status')).code).toBe(2);
    for (const address of Object.values(grpc)) expect(await answers(address)).toBe(false);
    await system.up();
    expect((await system.tillid('status')).code).toBe(0);
    expect((await system.auditor('verify', '--entries')).code).toBe(0);
  });
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function processesOn(data: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(data));
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function answers(address: string): Promise<boolean> {
  const [host, port] = address.split(':') as [string, string];
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
