import { ReplayBatch } from '@tillid/contracts/audit/v1/service';
import { decodeEnvelope } from '@tillid/eventsourcing';
import { openCheckpoint, parseVkey, tilePath } from '@tillid/transparency';
import { describe, expect, it } from 'vitest';
import { logOf, vkey, workingDay } from '../record.spec-kit.js';
import { chosenByService } from './chosen-by-service.js';
import { everything, passes, type ReplayChoice } from './replay-choice.js';

const { leaves } = workingDay();
const identity: ReplayChoice = { ...everything, sources: ['identity/0'] };
const found = (choice: ReplayChoice) => leaves.flatMap((bytes, leafIndex) => (passes(choice, decodeEnvelope(bytes)) ? [{ leafIndex, bytes }] : []));

type Sent = readonly { readonly leafIndex: number; readonly bytes: Buffer }[];

/** An audit service that sends these entries, a few in a batch. */
async function* answered(sent: Sent, dense: boolean, atOnce = 50): AsyncGenerator<ReplayBatch> {
  for (let at = 0; at < Math.max(1, sent.length); at += atOnce) {
    const part = sent.slice(at, at + atOnce);
    const next = at + atOnce < sent.length || dense ? (part.at(-1)?.leafIndex ?? 0) + 1 : leaves.length;
    yield ReplayBatch.fromPartial({ firstLeafIndex: part[0]?.leafIndex ?? next, events: part.map(({ bytes }) => bytes), leafIndexes: dense ? [] : part.map(({ leafIndex }) => leafIndex), resumeToken: `after ${next}`, nextLeafIndex: next, endLeafIndex: leaves.length });
  }
}

async function replayed(sent: Sent, choice = identity, change: { startLeaf?: number; log?: ReturnType<typeof logOf>; dense?: boolean } = {}) {
  const { startLeaf = choice.from && 'leaves' in choice.from ? choice.from.leaves : 0, log = logOf(leaves), dense = choice.sources.length === 0 } = change;
  const printed: number[] = [];
  const places: string[] = [];
  const result = await chosenByService({
    files: log, head: openCheckpoint(log.files.get('checkpoint')!, parseVkey(vkey)), choice, startLeaf,
    batches: answered(sent, dense),
    print: async (line) => void printed.push((JSON.parse(line) as { leafIndex: number }).leafIndex),
    printed: async (token, next) => void places.push(`${token}: ${next}`),
    onProgress: () => {},
  });
  return { ...result, codes: result.findings.map(({ code, leafIndex }) => `${code} ${leafIndex}`), printed, places };
}

describe('what audit chose to send', () => {
  it('is printed where each entry is proven at its leaf, and is not called complete', async () => {
    const sent = found(identity);
    const { holds, complete, printed, places } = await replayed(sent);
    expect([holds, complete, printed]).toEqual([true, false, sent.map(({ leafIndex }) => leafIndex)]);
    expect(places.at(-1)).toBe(`after ${leaves.length}: ${leaves.length}`);
    expect(places).toHaveLength(Math.ceil(sent.length / 50));
  });

  it('may leave something out, which nobody sees: that is why it is not called complete', async () => {
    const { holds, complete } = await replayed(found(identity).toSpliced(30, 1));
    expect([holds, complete]).toEqual([true, false]);
  });

  it('is complete where every entry of a range was asked for and came', async () => {
    const range: ReplayChoice = { ...everything, from: { leaves: 100 }, until: { leaves: 400 } };
    const { holds, complete, printed } = await replayed(found(everything).slice(100), range);
    expect([holds, complete, printed.length, printed[0], printed.at(-1)]).toEqual([true, true, 300, 100, 399]);
    expect((await replayed(found(everything).slice(100, 350), range)).codes).toEqual(['replay.gap 350']);
    expect((await replayed(found(everything).slice(100).toSpliced(10, 1), range, { dense: false })).codes).toEqual(['replay.gap 110']);
  });

  it('goes on where it was, and is the same', async () => {
    const sent = found(identity);
    const [before, after] = [await replayed(sent.slice(0, 100)), await replayed(sent.slice(100), identity, { startLeaf: sent[99]!.leafIndex + 1 })];
    expect([...before.printed, ...after.printed]).toEqual(sent.map(({ leafIndex }) => leafIndex));
  });

  it('ends where the signed tree does', async () => {
    const beyond = [...found(identity), { leafIndex: leaves.length, bytes: Buffer.from('not signed yet') }];
    expect(await replayed(beyond)).toMatchObject({ holds: true, codes: [] });
  });

  const sent = found(identity);
  const [at, other] = [sent[30]!, sent[31]!];
  it.each<[string, string, Sent]>([
    ['a changed entry', `entry.mismatch ${at.leafIndex}`, sent.with(30, { ...at, bytes: Buffer.from(at.bytes.map((byte, place) => (place === 40 ? byte ^ 1 : byte))) })],
    ['an entry of another leaf', `entry.mismatch ${at.leafIndex}`, sent.with(30, { ...at, bytes: other.bytes })],
    ['the same entry twice', `replay.disordered ${at.leafIndex}`, sent.toSpliced(31, 0, at)],
    ['two in the wrong order', `replay.disordered ${at.leafIndex}`, sent.with(30, other).with(31, at)],
    ['an entry nobody asked for', 'replay.not_asked 0', found(everything)],
  ])('ends with the first thing wrong: %s', async (_, code, answer) => {
    const { holds, codes, printed } = await replayed(answer);
    expect([holds, codes]).toEqual([false, [code]]);
    expect(printed).not.toContain(Number(code.split(' ')[1]) === at.leafIndex && code.startsWith('entry') ? at.leafIndex : -1);
  });

  it('is not believed where the tiles are not those of the signed tree', async () => {
    const touched = logOf(leaves);
    touched.files.set(tilePath(0, 1), Buffer.from(touched.files.get(tilePath(0, 1))!).fill(7, 0, 1));
    const first = sent.find(({ leafIndex }) => leafIndex >= 256)!.leafIndex;
    expect((await replayed(sent, identity, { log: touched })).codes).toEqual([`tile.mismatch ${first}`]);
    touched.files.delete(tilePath(0, 1));
    expect((await replayed(sent, identity, { log: touched })).codes).toEqual([`tile.missing ${first}`]);
    const edge = logOf(leaves);
    edge.files.set(tilePath(1, 0, 2), Buffer.alloc(64, 1));
    expect((await replayed(sent, identity, { log: edge })).codes).toEqual(['root.mismatch 0']);
  });
});
