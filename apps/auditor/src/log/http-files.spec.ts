import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { fileBytesMax } from './file-size.js';
import { httpFiles, type HttpFiles } from './http-files.js';

let server: Server;
let files: HttpFiles;
afterEach(() => {
  files.close();
  server.close();
});

async function logServedBy(answer: RequestListener): Promise<HttpFiles> {
  server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (files = httpFiles(`http://127.0.0.1:${(server.address() as AddressInfo).port}/log`));
}

describe('a log over HTTP', () => {
  it('is asked again when its server says that it was asked too often', async () => {
    let asked = 0;
    const log = await logServedBy((_request, response) => {
      asked += 1;
      if (asked < 3) response.writeHead(429, { 'retry-after': '0.001' }).end();
      else response.end('checkpoint');
    });
    expect(Buffer.from((await log.read('checkpoint'))!).toString()).toBe('checkpoint');
    expect(asked).toBe(3);
  });

  it('may come compressed, and not as more than any file of a log is long', async () => {
    const log = await logServedBy(({ url }, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(url === '/log/checkpoint' ? 'checkpoint' : Buffer.alloc(fileBytesMax + 1)));
    });
    expect(Buffer.from((await log.read('checkpoint'))!).toString()).toBe('checkpoint');
    await expect(log.read('tile/0/000')).rejects.toThrow();
  });

  it('says that it could not look when the server only fails', async () => {
    const log = await logServedBy((_request, response) => void response.writeHead(500).end());
    await expect(log.read('checkpoint')).rejects.toThrow('HTTP 500');
  });
});
