import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { waitUntilFree } from './free-ports.js';

describe('the ports of an installation', () => {
  it('are waited for a little, and named when another program has them', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { signal } = new AbortController();
    await expect(waitUntilFree([address], signal, 100)).rejects.toThrow(`${address} is taken`);
    const freed = waitUntilFree([address], signal);
    other.close();
    await freed;
  });
});
