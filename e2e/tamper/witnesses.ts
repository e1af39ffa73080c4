import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { checkpointPath, formatReceipt, InMemoryLog, leafHash, LogKeys, noteSigner, parseCosignerVkey, parsePolicy, parseVkey, proveInclusion, subtreeRootsFrom, vkeyOf, type Policy, type PolicyWitness } from '@tillid/transparency';
import { vi } from 'vitest';
import { origin, seed, type Copy } from './installation.js';
import { askWitness, checkedReceipt, Monitor, openWitnessFolder, Witness, witnessServer, WitnessSilent } from './programs.js';

/** One that the witnesses know too, and the policy does not. */
export const other = { origin: 'log.example/other', seed: Buffer.alloc(32, 6) };

/** `tillid-auditor witness` in this process: its own folder and key, real HTTP. */
export interface Running {
  readonly folder: string;
  readonly vkey: string;
  readonly inPolicy: PolicyWitness;
  stop(): Promise<void>;
}

async function running(copy: Copy, name: string): Promise<Running> {
  const folder = join(copy.folder, name);
  const { signer, vkey, close } = await openWitnessFolder(folder, `${name}.example`);
  const witness = new Witness(folder, signer, [copy.original.verifier, parseVkey(vkeyOf(other.origin, other.seed))].map((key) => new LogKeys(key)));
  await witness.open();
  const server = witnessServer(witness, () => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const inPolicy = { name, key: parseCosignerVkey(vkey), url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  let stopped = false;
  return {
    folder, vkey, inPolicy,
    async stop() {
      if (stopped) return;
      stopped = true;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      close();
    },
  };
}

/** A log as the operator has it, and shows it to whom they like. */
export class Shown extends InMemoryLog {
  static of(leaves: readonly Uint8Array[], by = seed, as = origin): Shown {
    const log = new Shown(noteSigner(as, by));
    log.append(leaves, true);
    return log;
  }

  get size(): number {
    return this.edge.size;
  }

  get checkpoint(): string {
    return Buffer.from(this.files.get(checkpointPath)!).toString();
  }

  get signedByItselfAlone(): string {
    return this.checkpoint.replace(/(\n\n[^\n]+\n)[^]*$/, '$1');
  }

  set checkpoint(note: string) {
    this.files.set(checkpointPath, Buffer.from(note));
  }

  /** What somebody is given who asks for the receipt of leaf 60. */
  async receipt(index = 60): Promise<string> {
    return formatReceipt({ index, path: await proveInclusion(index, this.size, subtreeRootsFrom(this, this.size)), checkpoint: this.checkpoint });
  }
}

/** Three witnesses, of which two are enough, and an operator who can sign whatever they like. */
export class Scene {
  readonly witnesses: Running[] = [];
  #monitor: Awaited<ReturnType<typeof Monitor.open>> | undefined;

  private constructor(private readonly copy: Copy) {}

  static async with(copy: Copy, act: (scene: Scene) => Promise<readonly string[]>): Promise<string[]> {
    const scene = new Scene(copy);
    try {
      for (const name of ['w1', 'w2', 'w3']) scene.witnesses.push(await running(copy, name));
      return [...(await act(scene))];
    } finally {
      await scene.stopAll();
      vi.useRealTimers();
    }
  }

  get policy(): Policy {
    return parsePolicy(policyText(this.witnesses));
  }

  /** As audit asks: with its own proof, told the witness's size by 409. Answers why each that did not cosign did not. */
  async askFor(log: Shown, witnesses: readonly Running[] = this.witnesses): Promise<string[]> {
    const refused: string[] = [];
    const head = { size: log.size, checkpoint: log.signedByItselfAlone };
    for (const { inPolicy } of witnesses) {
      try {
        log.checkpoint += await askWitness(inPolicy, head as Parameters<typeof askWitness>[1], 0, log, AbortSignal.timeout(10_000));
      } catch (error) {
        if (!(error instanceof WitnessSilent)) throw error;
        refused.push(error.reason);
      }
    }
    return refused;
  }

  /** Somebody runs `watch --policy` on what they are shown; answers with what it alarms, or who is silent and that all else holds. */
  async watch(log: Shown, { entries = false } = {}): Promise<string[]> {
    const { original: { verifier } } = this.copy;
    const opened = { where: 'what is shown', files: log, key: verifier, close: () => {} };
    this.#monitor = await Monitor.open(opened, { entries, policy: this.policy, patienceMs: 60_000, staleAfterMs: 600_000, tilesAgain: 16 });
    return this.watchOn();
  }

  /** The same one looks again. */
  async watchOn(): Promise<string[]> {
    const look = await this.#monitor!.look();
    return look.holds ? [...look.witnesses.flatMap(({ silent }) => silent ?? []), 'holds'] : look.alarms.map(({ code }) => code);
  }

  /** Whoever was given it, years later, with nothing but the entry and the policy. */
  receipt(receipt: string, entry: Uint8Array = this.copy.original.leaves[60]!): string[] {
    const { wrong } = checkedReceipt(Buffer.from(receipt), leafHash(entry), parsePolicy(`log ${vkeyOf(origin, seed)}\n${policyText(this.witnesses)}`));
    return wrong === undefined ? [] : [wrong];
  }

  later(seconds: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
  }

  async stopAll(): Promise<void> {
    for (const { stop } of this.witnesses) await stop();
  }

  /** One of them ends and starts again, on its own folder or on what somebody put in its place. */
  async startAgain(nth: number, folder?: string): Promise<Running> {
    const { folder: own, stop, inPolicy: { name } } = this.witnesses[nth]!;
    await stop();
    if (folder !== undefined) {
      rmSync(own, { recursive: true });
      cpSync(folder, own, { recursive: true });
    }
    return (this.witnesses[nth] = await running(this.copy, name));
  }

  /** At this address somebody else answers for it. */
  async answersAt(nth: number, url: string): Promise<void> {
    const witness = this.witnesses[nth]!;
    await witness.stop();
    this.witnesses[nth] = { ...witness, inPolicy: { ...witness.inPolicy, url } };
  }
}

export function policyText(witnesses: readonly Pick<Running, 'vkey' | 'inPolicy'>[]): string {
  const names = witnesses.map(({ inPolicy: { name } }) => name).join(' ');
  return `${witnesses.map(({ vkey, inPolicy: { name, url } }) => `witness ${name} ${vkey} ${url}\n`).join('')}group two 2 ${names}\nquorum two\n`;
}
