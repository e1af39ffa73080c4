import { once } from 'node:events';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Event } from '@tillid/contracts/event/v1/event';
import { Refused } from '@tillid/kernel';
import { bundlePath, cosigner, formatAddCheckpoint, parseNote, parsePolicy, signNote, tilePath } from '@tillid/transparency';
import { bytesOf } from './events.js';
import type { Copy } from './installation.js';
import type { Act } from './kinds.js';
import { other, policyText, Scene, Shown } from './witnesses.js';

const changed = (bytes: Uint8Array) => bytesOf({ ...Event.decode(bytes), subject: 'somebody-else' });
/** Three logs under one key: as it was earlier; as everybody saw it; and one that parts from it at a leaf. */
const logsOf = ({ original: { leaves } }: Copy) => ({
  old: Shown.of(leaves.slice(0, 200)),
  honest: Shown.of(leaves),
  fork: (size: number, at = 60) => Shown.of([...leaves.with(at, changed(leaves[at]!)), ...leaves].slice(0, size)),
});
type Does = (scene: Scene, logs: ReturnType<typeof logsOf>, copy: Copy) => Promise<readonly string[]>;
const act = (does: Does): Act => (copy) => Scene.with(copy, (scene) => does(scene, logsOf(copy), copy));
/** The honest log has been seen by all three. */
const seen = (does: Does) => act(async (scene, logs, copy) => {
  const refused = await scene.askFor(logs.honest);
  return refused.length > 0 ? refused : does(scene, logs, copy);
});
/** And whoever looks at this cannot reach them. */
const cutOff = (show: (logs: ReturnType<typeof logsOf>, scene: Scene) => Shown) => seen(async (scene, logs) => {
  const shown = show(logs, scene);
  await scene.stopAll();
  return scene.watch(shown);
});
/** `watch` saw it whole; since then this was done to it, and no entry is new. */
const sinceItWasWatched = (tamper: (log: Shown) => void, entries = false) => seen(async (scene, { honest }) => {
  const before = await scene.watch(honest, { entries });
  tamper(honest);
  return before[0] === 'holds' ? scene.watchOn() : before;
});
/** A receipt of leaf 60, seen by so many; something about it is changed, and it is held against an entry and the policy. */
export const handedOver = (change: (receipt: string) => string, { seenBy = 3, entry = 60 } = {}) => act(async (scene, { honest }, copy) => {
  await scene.askFor(honest, scene.witnesses.slice(0, seenBy));
  return scene.receipt(change(await honest.receipt()), copy.original.leaves[entry]!);
});
export const watched = seen((scene, { honest }) => scene.watch(honest, { entries: true }));

const noteIn = (receipt: string) => receipt.slice(receipt.indexOf('\n\n') + 2);
/** Of a checkpoint: the log's own line, then those of its witnesses. */
const linesUnder = (note: string) => note.slice(note.indexOf('\n\n') + 2).trimEnd().split('\n').map((line) => `${line}\n`);
const cosignedByStranger = (note: string, name: string, keyId?: number) => linesUnder(signNote(parseNote(note).text, [{ ...cosigner(name, Buffer.alloc(32, 7), () => Math.floor(Date.now() / 1000)), ...(keyId !== undefined && { keyId }) }]))[0]!;
const withByte = (line: string, at: number) => line.replace(/[^ ]+\n$/, (encoded) => {
  const bytes = Buffer.from(encoded, 'base64');
  bytes[at]! ^= 1;
  return `${bytes.toString('base64')}\n`;
});
// After four bytes of the key's id, eight of the time, and then the signature.
const [timeAt, signatureAt] = [4 + 7, 4 + 8 + 20];
function flip(log: Shown, path: string): void {
  const bytes = Buffer.from(log.files.get(path)!);
  bytes[5000]! ^= 1;
  log.files.set(path, bytes);
}

export const byWitness = {
  'W01': seen((scene, { fork }) => scene.askFor(fork(400))),
  'W02': seen((scene, { old }) => scene.askFor(old)),
  'W03': seen(async ({ witnesses }, { fork }) => {
    const { status } = await fetch(`${witnesses[0]!.inPolicy.url}/add-checkpoint`, { method: 'POST', body: formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: fork(400).checkpoint }) });
    return [`HTTP ${status}`];
  }),
  'W04': seen(async (scene, { honest, fork }) => {
    const refused = await scene.askFor(fork(honest.size), scene.witnesses.slice(2));
    return refused[0] === 'witness.proof_refused' ? scene.watch(honest) : refused;
  }),
  'W05': seen((scene, { fork }) => scene.watch(fork(400))),
  'W06': act(async (scene, { old, honest }) => {
    await scene.askFor(old);
    await scene.askFor(honest);
    return scene.watch(old);
  }),
  'W07': seen((scene, { honest }) => {
    honest.checkpoint = honest.signedByItselfAlone;
    return scene.watch(honest);
  }),
  'W08': cutOff(({ fork }, { witnesses }) => {
    const forged = fork(400);
    // The name and the key's id anybody knows.
    for (const { inPolicy: { key } } of witnesses) forged.checkpoint += cosignedByStranger(forged.checkpoint, key.name, key.keyId);
    return forged;
  }),
  'W09': cutOff(({ honest, fork }) => {
    const newer = fork(400);
    newer.checkpoint += linesUnder(honest.checkpoint).slice(1).join('');
    return newer;
  }),
  'W10': cutOff(({ honest }) => {
    honest.checkpoint = honest.signedByItselfAlone + linesUnder(honest.checkpoint).slice(1).map((line) => withByte(line, timeAt)).join('');
    return honest;
  }),
  'W11': act(async (scene, { old, honest }) => {
    await scene.askFor(old);
    await scene.askFor(honest);
    await scene.stopAll();
    const before = await scene.watch(old);
    scene.later(601);
    return before.at(-1) === 'holds' ? scene.watchOn() : before;
  }),
  'W12': act(async (scene, { old, honest }) => {
    await scene.askFor(old);
    honest.files.set('cosigned-checkpoint', Buffer.from(old.checkpoint));
    // For a minute it may be on its way.
    const before = await scene.watch(honest);
    scene.later(61);
    return before[0] === 'holds' ? scene.watchOn() : before;
  }),
  'W13': act(async (scene, { honest, fork }) => {
    await scene.askFor(honest, scene.witnesses.slice(0, 2));
    const second = fork(400);
    const refused = await scene.askFor(second);
    await scene.stopAll();
    return refused.length === 2 ? scene.watch(second) : ['nobody cosigned it', ...refused];
  }),
  'W14': act(async (scene, { honest, fork }) => {
    await scene.askFor(honest, scene.witnesses.slice(0, 2));
    await scene.askFor(fork(honest.size - 10), scene.witnesses.slice(2));
    return scene.watch(honest);
  }),
  'W15': act(async (scene, { old, honest, fork }, copy) => {
    await scene.askFor(old);
    const backup = join(copy.folder, 'backup');
    cpSync(scene.witnesses[0]!.folder, backup, { recursive: true });
    await scene.askFor(honest);
    await scene.startAgain(0, backup);
    // What it saw last this continues: it parts from the other only after that.
    const second = fork(400, 250);
    const refused = await scene.askFor(second);
    return refused.length === 2 ? scene.receipt(await second.receipt()) : ['nobody cosigned it', ...refused];
  }),
  'W16': seen(async (scene, { honest }) => {
    const { folder } = scene.witnesses[0]!;
    writeFileSync(join(folder, readdirSync(folder).find((name) => name.endsWith('.checkpoint'))!), honest.checkpoint.replace(/\n\d+\n/, '\n1\n'));
    return scene.startAgain(0).then(() => ['it starts'], (error: unknown) => [error instanceof Error ? error.name : String(error)]);
  }),
  'W17': sinceItWasWatched((log) => log.files.delete(tilePath(0, 0))),
  'W18': sinceItWasWatched((log) => flip(log, tilePath(0, 0))),
  'W19': sinceItWasWatched((log) => flip(log, bundlePath(0)), true),
  'W20': seen(async (scene, { honest, fork }) => {
    const before = await scene.watch(honest);
    await scene.stopAll();
    for (const [path, bytes] of fork(400).files) honest.files.set(path, bytes);
    return before[0] === 'holds' ? scene.watchOn() : before;
  }),
  'W21': seen(async (scene, { honest, fork }) => {
    const note = fork(400).checkpoint;
    const impostor = createServer((_, response) => response.end(note + cosignedByStranger(note, 'w1.example'))).listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    await scene.answersAt(0, `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`);
    try {
      const looked = await scene.watch(honest);
      return looked.at(-1) === 'holds' ? looked : ['it is believed', ...looked];
    } finally {
      impostor.closeAllConnections();
      impostor.close();
    }
  }),

  'W22': handedOver((receipt) => receipt.replace('index 60', 'index 61')),
  'W23': handedOver((receipt) => receipt, { entry: 61 }),
  'W24': act(async (scene, { old, honest }) => {
    await scene.askFor(old);
    await scene.askFor(honest);
    return scene.receipt((await honest.receipt()).replace(honest.checkpoint, old.checkpoint));
  }),
  'W25': handedOver((receipt) => receipt, { seenBy: 1 }),
  'W26': handedOver((receipt) => receipt + linesUnder(noteIn(receipt))[1]!, { seenBy: 1 }),
  'W27': handedOver((receipt) => receipt + ['a', 'b', 'c'].map((name) => cosignedByStranger(noteIn(receipt), `${name}.example`)).join(''), { seenBy: 1 }),
  'W28': handedOver((receipt) => receipt.replace(linesUnder(noteIn(receipt))[1]!, (line) => withByte(line, signatureAt))),
  'W29': act(async (scene, _, copy) => {
    const elsewhere = Shown.of(copy.original.leaves, other.seed, other.origin);
    await scene.askFor(elsewhere);
    return scene.receipt(await elsewhere.receipt());
  }),
  'W31': act(async (scene, { honest, fork }, copy) => {
    const [one, two, third] = scene.witnesses;
    const beforeAll = join(copy.folder, 'before-all');
    cpSync(third!.folder, beforeAll, { recursive: true });
    const second = fork(honest.size - 1);
    const refused = [...(await scene.askFor(honest, [one!, third!])), ...(await scene.askFor(second, [two!, await scene.startAgain(2, beforeAll)]))];
    // To whoever has nothing but a receipt, both hold.
    const both = [...scene.receipt(await honest.receipt()), ...scene.receipt(await second.receipt(), changed(copy.original.leaves[60]!))];
    return refused.length + both.length === 0 ? scene.watch(honest) : ['not both of them have a quorum', ...refused, ...both];
  }),
  'W30': act(async ({ witnesses: [one, two] }) => {
    try {
      parsePolicy(policyText([one!, { vkey: one!.vkey, inPolicy: two!.inPolicy }]));
      return ['one counts as two'];
    } catch (error) {
      return [error instanceof Refused ? error.code : String(error)];
    }
  }),
} satisfies Record<string, Act>;
