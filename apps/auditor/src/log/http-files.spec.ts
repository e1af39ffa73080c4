import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseVkey } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { logOf, vkey, workingDay } from '../record.spec-kit.js';
import { verify } from '../verify/verify.js';
import { httpFiles } from './http-files.js';

const log = logOf(workingDay().leaves);
let server: Server;
let url: string;
let answer: (path: string) => { status: number; body: Uint8Array };

beforeEach(async () => {
  answer = (path) => {
    const body = path.includes('/entries/') ? undefined : log.files.get(path);
    return body ? { status: 200, body } : { status: 404, body: Buffer.from('no') };
  };
  server = createServer((request, response) => {
    const { status, body } = answer(request.url!.slice(1));
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const verifyIt = (entries: boolean) => {
  const files = httpFiles(url);
  return verify({ where: url, files, key: parseVkey(vkey), close: files.close }, { entries }).finally(() => files.close());
};

describe('a log on a web server', () => {
  it('is verified from its public files', async () => {
    expect(await verifyIt(false)).toMatchObject({ holds: true, log: { head: { size: 609 }, entriesChecked: false } });
  });
  it('whose tile is gone is wrong', async () => {
    const honest = answer;
    answer = (path) => (path === 'tile/0/000' ? { status: 404, body: Buffer.alloc(0) } : honest(path));
    expect((await verifyIt(false)).log.findings.map(({ code }) => code)).toContain('tile.missing');
  });
  it('whose entries are not given to this caller could not be looked at, which is not the same as wrong', async () => {
    await expect(verifyIt(true)).rejects.toThrow(CouldNotLook);
  });
  it('whose server fails could not be looked at', async () => {
    answer = () => ({ status: 500, body: Buffer.alloc(0) });
    await expect(verifyIt(false)).rejects.toThrow(/HTTP 500/);
  });
  it('that answers without end is cut off', async () => {
    answer = () => ({ status: 200, body: Buffer.alloc(20 * 1024 * 1024) });
    await expect(verifyIt(false)).rejects.toThrow(/larger than any file/);
  });
  it('that does not answer could not be looked at', async () => {
    server.close();
    server.closeAllConnections();
    await expect(verifyIt(false)).rejects.toThrow(CouldNotLook);
  });
});
