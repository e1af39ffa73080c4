import { describe, expect, it } from 'vitest';
import { bundlePath, checkReceipt, edgeRoot, encodeEntries, formatReceipt, InMemoryLog, leafHash, loadEdge, noteSigner, parseBundle, parseReceipt, parseVkey, proveInclusion, signCheckpoint, subtreeRootsFrom, verifyLog, vkeyOf } from './index.js';

const seed = Buffer.alloc(32, 7);
const signer = noteSigner('log.example/one', seed);
const key = parseVkey(vkeyOf('log.example/one', seed));
const entry = (index: number) => Buffer.from(`entry-${index}`);
const entriesFrom = (first: number, count: number) => Array.from({ length: count }, (_, index) => entry(first + index));
/** 66,000 leaves: three levels, the highest with one hash; the last bundle is partial. */
const large = new InMemoryLog(signer);
large.append(entriesFrom(0, 66_000));
const small = (sizes = [300, 240]) => {
  const log = new InMemoryLog(signer);
  for (const size of sizes) log.append(entriesFrom(log.edge.size, size), true);
  return log;
};
const codes = async (log: InMemoryLog, options = {}) => (await verifyLog(log, key, { entries: true, ...options })).findings.map(({ code, path }) => `${code} ${path}`);
const flip = (log: InMemoryLog, path: string, at: number) => {
  const bytes = Buffer.from(log.files.get(path) as Uint8Array);
  bytes[at] = (bytes[at] as number) ^ 1;
  log.files.set(path, bytes);
};

describe('a log that holds', () => {
  it.each([0, 1, 255, 256, 257, 511, 512, 540])('of %i leaves', async (size) => {
    const verdict = await verifyLog(small([size]), key, { entries: true });
    expect(verdict).toMatchObject({ holds: true, findings: [], head: { size }, entriesChecked: true });
  });

  it('of 66,000 leaves hands every entry on once, in order', async () => {
    let next = 0;
    const verdict = await verifyLog(large, key, {}, (bytes, index) => {
      if (index !== next || !entry(index).equals(bytes)) throw new Error(`not the entry ${index}`);
      next += 1;
    });
    expect(verdict).toMatchObject({ holds: true, tilesChecked: 258 + 2 + 1, bundlesChecked: 258 });
    expect(next).toBe(66_000);
  });

  it('says when bundles were not looked at', async () => {
    const log = small();
    flip(log, bundlePath(0), 10);
    expect(await verifyLog(log, key)).toMatchObject({ holds: true, entriesChecked: false, bundlesChecked: 0 });
  });

  it('continues the tree of an earlier checkpoint', async () => {
    const before = Buffer.from((await small([300]).read('checkpoint')) as Uint8Array).toString();
    expect(await codes(small(), { previousCheckpoint: before })).toEqual([]);
    const mid = new InMemoryLog(signer);
    mid.append(entriesFrom(0, 65_999));
    expect((await verifyLog(large, key, { previousCheckpoint: Buffer.from(mid.files.get('checkpoint') as Uint8Array).toString() })).holds).toBe(true);
  });
});

describe('a log someone touched', () => {
  it('any flipped byte in any file is found', async () => {
    for (const path of small().files.keys()) {
      const length = (small().files.get(path) as Uint8Array).length;
      for (const at of [0, 1, Math.floor(length / 2), length - 1]) {
        const log = small();
        flip(log, path, at);
        const found = await codes(log);
        expect(found.length, `${path} at ${at}`).toBeGreaterThan(0);
      }
    }
  });

  it.each([
    ['tile/0/001', ['tile.mismatch tile/0/001']],
    ['tile/1/000', ['tile.mismatch tile/1/000']],
    ['tile/1/001.p/1', ['tile.mismatch tile/1/001.p/1']],
    ['tile/2/000.p/1', ['tile.mismatch tile/2/000.p/1']],
    ['tile/0/257.p/208', ['tile.mismatch tile/0/257.p/208']],
    ['tile/entries/000', ['entry.mismatch tile/entries/000']],
    ['tile/entries/257.p/208', ['entry.mismatch tile/entries/257.p/208']],
  ])('names %s and nothing else', async (path, expected) => {
    const log = new InMemoryLog(signer);
    for (const [at, bytes] of large.files) log.files.set(at, bytes);
    flip(log, path, 5);
    expect(await codes(log)).toEqual(expected);
  });

  const rebundle = (change: (entries: Uint8Array[]) => Uint8Array[]) => {
    const log = small();
    log.files.set(bundlePath(0), encodeEntries(change(parseBundle(log.files.get(bundlePath(0)) as Uint8Array, 256))));
    return log;
  };
  it('a removed entry', async () => expect(await codes(rebundle((entries) => entries.toSpliced(9, 1)))).toContain('bundle.malformed tile/entries/000'));
  it('a repeated entry', async () => expect(await codes(rebundle((entries) => entries.toSpliced(9, 0, entries[9] as Uint8Array)))).toContain('bundle.malformed tile/entries/000'));
  it('two swapped entries, and which leaves', async () => {
    const log = rebundle(([first, second, ...rest]) => [second as Uint8Array, first as Uint8Array, ...rest]);
    const { findings } = await verifyLog(log, key, { entries: true });
    expect(findings.filter(({ code }) => code === 'entry.mismatch').map(({ leafIndex }) => leafIndex)).toEqual([0, 1]);
  });
  it('a truncated bundle, tile and checkpoint', async () => {
    for (const path of [bundlePath(0), 'tile/0/000', 'tile/1/000.p/2', 'checkpoint']) {
      const log = small();
      log.files.set(path, (log.files.get(path) as Uint8Array).subarray(0, -1));
      expect(await codes(log)).toContain({ [bundlePath(0)]: 'bundle.malformed tile/entries/000', checkpoint: 'checkpoint.refused checkpoint' }[path] ?? `tile.wrong_length ${path}`);
    }
  });
  it('a file that is gone', async () => {
    for (const [path, code] of [[bundlePath(0), 'bundle.missing'], ['tile/0/000', 'tile.missing'], ['checkpoint', 'checkpoint.missing']] as const) {
      const log = small();
      log.files.delete(path);
      expect(await codes(log)).toContain(`${code} ${path}`);
    }
  });
  it('an older partial tile that tells another story', async () => {
    const log = small();
    flip(log, 'tile/0/001.p/44', 5);
    expect(await codes(log)).toEqual(['stale.mismatch tile/0/001.p/44']);
  });
  it('a checkpoint signed by another key', async () => {
    const log = small();
    log.files.set('checkpoint', new InMemoryLog(noteSigner('log.example/one', Buffer.alloc(32, 8))).files.get('checkpoint') as Uint8Array);
    expect(await codes(log)).toEqual(['checkpoint.refused checkpoint']);
  });
  it('a tree that shrank, or forked', async () => {
    const before = Buffer.from(small().files.get('checkpoint') as Uint8Array).toString();
    expect(await codes(small([300]), { previousCheckpoint: before })).toEqual(['checkpoint.shrunk checkpoint']);
    const fork = new InMemoryLog(signer);
    fork.append(entriesFrom(1, 600));
    expect(await codes(fork, { previousCheckpoint: before })).toEqual(['checkpoint.forked checkpoint']);
  });
  it('and wrong everywhere, it is told in as many findings as are kept', async () => {
    const log = new InMemoryLog(signer);
    for (const [path, bytes] of large.files) log.files.set(path, path === 'checkpoint' ? bytes : bytes.map((byte) => byte ^ 1));
    for (const entries of [true, false]) {
      const { holds, findings, findingCount } = await verifyLog(log, key, { entries, maxFindings: 50, previousCheckpoint: Buffer.from(large.files.get('checkpoint') as Uint8Array).toString() });
      expect([holds, findings.length, findingCount > 50]).toEqual([false, 50, true]);
      expect(findings.some(({ code }) => code === 'checkpoint.forked')).toBe(false);
    }
  });
  it('and signed for more leaves than anyone could look for, it is found wrong without looking for them all', async () => {
    const log = new InMemoryLog(signer);
    log.files.set('checkpoint', Buffer.from(signCheckpoint({ origin: signer.name, size: 2 ** 53 - 1, root: Buffer.alloc(32) }, [signer])));
    let asked = 0;
    const counting = { read: async (path: string) => (asked++, log.files.get(path)) };
    expect((await verifyLog(counting, key, { entries: true, maxFindings: 50 })).holds).toBe(false);
    const tiles = { read: async (path: string) => (path === 'checkpoint' ? log.files.get(path) : (asked++, Buffer.alloc(32 * Number(path.split('.p/')[1] ?? 256), asked % 251))) };
    expect((await verifyLog(tiles, key, { maxFindings: 50 })).holds).toBe(false);
    expect(asked).toBeLessThan(1_000);
  });
  it('hands on no entry that is not proven', async () => {
    const log = small();
    flip(log, bundlePath(0), 5);
    const seen: number[] = [];
    expect((await verifyLog(log, key, {}, (_, index) => void seen.push(index))).holds).toBe(false);
    expect(seen).not.toContain(0);
    expect(seen).toContain(1);
  });
});

describe('the right edge from files', () => {
  it('is what it was, and is refused under another root', async () => {
    const log = small();
    expect(edgeRoot(await loadEdge(log, 540, edgeRoot(log.edge)))).toEqual(edgeRoot(log.edge));
    await expect(loadEdge(log, 540, Buffer.alloc(32))).rejects.toThrow('edge.wrong_root');
    await expect(loadEdge(log, 541, edgeRoot(log.edge))).rejects.toThrow('tile.missing');
  });
});

describe('a receipt', () => {
  const made = async () => ({ index: 299, path: await proveInclusion(299, 540, subtreeRootsFrom(small(), 540)), checkpoint: Buffer.from(small().files.get('checkpoint') as Uint8Array).toString() });

  it('proves its entry to whoever has the key', async () => {
    const receipt = parseReceipt(formatReceipt(await made()));
    expect(checkReceipt(receipt, leafHash(entry(299)), key)).toMatchObject({ index: 299, checkpoint: { size: 540 } });
    expect(() => checkReceipt(receipt, leafHash(entry(298)), key)).toThrow('proof.not_included');
    expect(() => checkReceipt({ ...receipt, index: 298 }, leafHash(entry(299)), key)).toThrow('proof.not_included');
  });

  it('that is malformed is refused with its reason', async () => {
    const text = formatReceipt({ ...(await made()), extra: Buffer.from('hello') });
    expect(parseReceipt(Buffer.from(text)).extra).toEqual(Buffer.from('hello'));
    const refused = (changed: string) => expect(() => parseReceipt(changed));
    refused(text.replace('@v1', '@v2')).toThrow('receipt.wrong_version');
    refused('').toThrow('receipt.wrong_version');
    refused(text.replace('index 299', 'index 0299')).toThrow('proof.malformed_index');
    refused(text.replace('index 299', 'index 9007199254740992')).toThrow('proof.malformed_index');
    refused(text.replace('index 299\n', `index 299\n${'AAAA\n'.repeat(60)}`)).toThrow('proof.too_many_hashes');
    refused(text.replace('index 299\n', 'index 299\nAAAA\n')).toThrow('proof.malformed');
    refused(text.replace('index 299\n', 'index 299\nAAA\n')).toThrow('base64.not_canonical');
    refused('x'.repeat(200_000)).toThrow('note.too_large');
  });
});
