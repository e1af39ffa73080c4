import { describe, expect, it } from 'vitest';
import { Event } from '@tillid/contracts/event/v1/event';
import { bundlePath, encodeEntries, leafHash, parseBundle, parseVkey, type LogFiles } from '@tillid/transparency';
import { withBundles } from '../entries/replayed-entries.js';
import { logOf, noon, vkey, workingDay } from '../record.spec-kit.js';
import { replay } from './replay.js';
import { everything, type ReplayChoice } from './replay-choice.js';

const { leaves } = workingDay();
const opened = (log: LogFiles) => ({ where: 'here', files: log, key: parseVkey(vkey), close: () => {} });

async function replayed(log: ReturnType<typeof opened>, from = 0) {
  const lines: { leafIndex: number; source: string; position: number; type: string; payload: unknown; bytes: string; leafHash: string }[] = [];
  const result = await replay(log, async (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]), { choice: { ...everything, from: { leaves: from } } });
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
  it('chooses what it prints after it has read and proven everything', async () => {
    const chosen = async (choice: Partial<ReplayChoice>, log = logOf(leaves)) => {
      const leafIndexes: number[] = [];
      const result = await replay(opened(log), async (_, leafIndex) => void leafIndexes.push(leafIndex), { choice: { ...everything, ...choice } });
      return { ...result, leafIndexes };
    };
    const identity = await chosen({ sources: ['identity/0'], from: { leaves: 100 }, until: { leaves: 400 } });
    expect(identity.leafIndexes).toEqual(leaves.flatMap((bytes, leafIndex) => (leafIndex >= 100 && leafIndex < 400 && Event.decode(bytes).source === 'identity/0' ? [leafIndex] : [])));
    expect([identity.holds, identity.datesSettled, identity.record.entries]).toEqual([true, true, leaves.length]);
    // Heads are recorded each second of the day, after a hundred more: what the third has seen and the second had not.
    const dated = await chosen({ from: { instantMs: noon + 3000 }, until: { instantMs: noon + 3999 } });
    expect([dated.leafIndexes.length, dated.leafIndexes[0], dated.leafIndexes.at(-1), dated.datesSettled]).toEqual([101, 204, 304, true]);
    expect((await chosen({ until: { instantMs: noon + 6000 } })).datesSettled).toBe(false);
    // What was not asked for is wrong all the same.
    expect((await chosen({ sources: ['identity/0'] }, logOf(leaves.with(3, Buffer.from('consent, once'))))).holds).toBe(false);
  });
  it('replays the tree it began with, whatever has come since, and what was printed not again', async () => {
    const log = logOf(leaves.slice(0, 500));
    const tree = { size: 500, checkpoint: Buffer.from(log.files.get('checkpoint')!).toString('utf8') };
    log.append(leaves.slice(500));
    const printed: number[] = [];
    const result = await replay(opened(log), async (_, leafIndex) => void printed.push(leafIndex), { tree, printedBefore: 450, choice: { ...everything, from: { leaves: 400 } } });
    expect([result.holds, result.printed, printed]).toEqual([true, 100, Array.from({ length: 50 }, (_, index) => 450 + index)]);
    const fork = { ...tree, checkpoint: Buffer.from(logOf(leaves.with(3, leaves[4]!).slice(0, 500)).files.get('checkpoint')!).toString('utf8') };
    expect((await replay(opened(log), async () => {}, { tree: fork })).log.findings.map(({ code }) => code)).toContain('checkpoint.forked');
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
