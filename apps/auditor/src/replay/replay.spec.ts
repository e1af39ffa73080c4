import { describe, expect, it } from 'vitest';
import { Event } from '@tillid/contracts/event/v1/event';
import { bundlePath, encodeEntries, leafHash, parseBundle, parseVkey, type LogFiles } from '@tillid/transparency';
import { withBundles } from '../entries/replayed-entries.js';
import { logOf, vkey, workingDay } from '../record.spec-kit.js';
import { replay } from './replay.js';

const { leaves } = workingDay();
const opened = (log: LogFiles) => ({ where: 'here', files: log, key: parseVkey(vkey), close: () => {} });

async function replayed(log: ReturnType<typeof opened>, from = 0) {
  const lines: { leafIndex: number; source: string; position: number; type: string; payload: unknown; bytes: string; leafHash: string }[] = [];
  const result = await replay(log, async (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]), from);
  return { ...result, lines };
}

describe('a replay', () => {
  it('prints every entry in order, with its bytes and its place in its source', async () => {
    const { holds, lines } = await replayed(opened(logOf(leaves)));
    expect(holds).toBe(true);
    expect(lines.map(({ leafIndex }) => leafIndex)).toEqual(leaves.map((_, index) => index));
    lines.forEach(({ bytes, leafHash: hash }, index) => {
      expect(Buffer.from(bytes, 'base64').equals(leaves[index]!)).toBe(true);
      expect(hash).toBe(leafHash(leaves[index]!).toString('base64'));
    });
    expect(lines.filter(({ source }) => source === 'identity/0').map(({ position }) => position)).toEqual(Array.from({ length: 201 }, (_, index) => index + 1));
  });
  it('reads the payloads it knows, and passes over those it does not', async () => {
    const { lines } = await replayed(opened(logOf(leaves)));
    expect(lines[0]).toMatchObject({ type: 'tillid.event.v1.SourceKeyAnnounced', payload: { source: 'consent/0' } });
    expect(lines.find(({ type }) => type === 'tillid.spec.v1.SomethingHappened')!.payload).toBeNull();
  });
  it('prints from a leaf on, and checks what comes before all the same', async () => {
    const { holds, lines } = await replayed(opened(logOf(leaves)), 600);
    expect([holds, lines.length, lines[0]!.leafIndex]).toEqual([true, 9, 600]);
    const removed = logOf(leaves);
    removed.files.set(bundlePath(0), encodeEntries(parseBundle(removed.files.get(bundlePath(0))!, 256).with(7, Buffer.from('x'))));
    expect((await replayed(opened(removed), 600)).holds).toBe(false);
  });
  it('never prints an entry that is not proven', async () => {
    const log = logOf(leaves);
    log.files.set(bundlePath(1), encodeEntries(parseBundle(log.files.get(bundlePath(1))!, 256).with(7, Buffer.from('forged'))));
    const { holds, lines } = await replayed(opened(log));
    expect(holds).toBe(false);
    expect(lines.map(({ leafIndex }) => leafIndex)).not.toContain(256 + 7);
  });
});

it('does not stop at an entry whose time is none: it is wrong, and the others are printed', async () => {
  const timeless = Buffer.from(Event.encode({ ...Event.decode(leaves.at(-3)!), occurredAt: undefined }).finish());
  // Field 8, a Timestamp of 2^52 seconds.
  const entry = Buffer.concat([timeless, Buffer.from('4209088080808080808008', 'hex')]);
  const { holds, lines, record } = await replayed(opened(logOf(leaves.with(-3, entry))));
  expect([holds, lines.length]).toEqual([false, leaves.length - 1]);
  expect(record.findings.map(({ code }) => code)).toContain('entry.malformed');
});

describe('a replay from a stream of entries', () => {
  async function* streamOf(entries: readonly Uint8Array[]) {
    yield* entries;
  }
  const streamed = (entries: readonly Uint8Array[]) => {
    const log = logOf(leaves);
    for (const path of log.files.keys()) if (path.startsWith('tile/entries/')) log.files.delete(path);
    return { ...opened(log), files: withBundles(log, streamOf(entries)) };
  };

  it('is proven against the tiles as a replay from files is', async () => {
    const { holds, lines } = await replayed(streamed([...leaves, Buffer.from('written after the checkpoint')]));
    expect([holds, lines.length]).toEqual([true, leaves.length]);
  });
  it.each<[string, readonly Uint8Array[]]>([
    ['one changed', leaves.with(300, Buffer.from('other'))],
    ['one left out', leaves.toSpliced(300, 1)],
    ['two swapped', leaves.with(300, leaves[301]!).with(301, leaves[300]!)],
    ['the last missing', leaves.slice(0, -1)],
    ['all but the first bundle missing', leaves.slice(0, 256)],
  ])('with %s is found wrong', async (_, entries) => {
    const { holds, lines } = await replayed(streamed(entries));
    expect(holds).toBe(false);
    for (const { leafIndex, bytes } of lines) expect(Buffer.from(bytes, 'base64').equals(leaves[leafIndex]!)).toBe(true);
  });
});
