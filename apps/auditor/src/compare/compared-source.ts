import type { SignedHead } from '@tillid/contracts/event/v1/event';
import type { GetHeadReply } from '@tillid/contracts/feed/v1/service';
import { emptyChain, KeysInForce, nextChain, verifySignedHead } from '@tillid/eventsourcing';
import { leafHash } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import type { Difference } from './difference.js';
import type { KeptSource } from './kept-heads.js';
import { SourceFeed, type Heard, type SourceService } from './source-feed.js';
import { whoChanged, type Evidence, type WeighedHead } from './who-changed.js';

/** What only the whole log can say of a source's difference, once it is read. */
export interface SaidOfTheTree {
  readonly forked: boolean;
  /** The first entry of the source that audit has stood by for ten minutes without a head that covers it. */
  readonly unconfirmedFrom: number | undefined;
}

/** Where tree and source part. */
type Parting = Pick<Difference, 'code' | 'position' | 'message' | 'inTree' | 'inSource'>;
/** After an entry of the tree: what each has. Undefined: the source has not, or does not say. */
interface Chains {
  readonly tree: Uint8Array;
  readonly source: Uint8Array | undefined;
}

/**
 * One source: the tree's entries of it, one by one, beside its own feed. From where they part both are read on, since
 * what the source signed later is what tells who changed it.
 */
export class ComparedSource {
  readonly source: string;
  readonly headPosition: number;
  readonly #feed: SourceFeed;
  readonly #publicKey: Uint8Array;
  readonly #now: SignedHead | undefined;
  readonly #kept: KeptSource | undefined;
  readonly #treeKeys: KeysInForce;
  /** Of the tree. */
  #position = 0;
  #same = 0;
  #chain: Uint8Array = emptyChain;
  #silence: Exclude<Heard, { kind: 'event' }> | undefined;
  #parting: Parting | undefined;
  /** Since they parted, but not before the last head that audit recorded: heads come in order. */
  readonly #chains = new Map<number, Chains>();
  readonly #heads: WeighedHead[] = [];
  /** The furthest head in the log that covers entries which have not come. */
  #ahead: SignedHead | undefined;
  #feedNotSigned = false;

  private constructor(service: SourceService, { head, publicKey }: GetHeadReply, kept: KeptSource | undefined) {
    this.source = service.source;
    this.headPosition = head?.position ?? 0;
    this.#feed = new SourceFeed(service);
    this.#publicKey = publicKey;
    this.#now = head;
    this.#kept = kept;
    this.#treeKeys = new KeysInForce(service.source);
  }

  static async begin(service: SourceService, kept: KeptSource | undefined): Promise<ComparedSource> {
    const reply = await service.getHead().catch((error: unknown) => {
      throw new CouldNotLook(`${service.source} does not say how far it is`, { cause: error });
    });
    return new ComparedSource(service, reply, kept);
  }

  get sameEntries(): number {
    return this.#same;
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  /** The tree's next entry of this source. */
  async entry(bytes: Uint8Array, announcesKey: boolean): Promise<void> {
    const position = ++this.#position;
    if (announcesKey || position === 1) this.#treeKeys.event(position, bytes);
    const heard = this.#silence ?? (await this.#next());
    if (heard.kind !== 'event') this.#silence = heard;
    if (!this.#parting) this.#compare(bytes, heard);
    const source = heard.kind === 'event' ? heard.chain : undefined;
    // While they are the same, one chain is both.
    this.#chain = this.#parting || source === undefined ? nextChain(this.#chain, bytes) : source;
    const chains = { tree: this.#chain, source };
    if (this.#kept?.head.position === position) this.#look('kept', this.#kept.head, chains);
    if (this.#now?.position === position) this.#look('now', this.#now, chains);
    if (this.#parting) this.#chains.set(position, chains);
  }

  /** A head of this source that audit recorded. That it fits the tree is RecordVerifier's to find; here it says who changed what differs. */
  recorded(head: SignedHead): void {
    if (head.position > this.#position) {
      if (head.position > (this.#ahead?.position ?? 0)) this.#ahead = head;
      return;
    }
    const chains = this.#chains.get(head.position);
    if (chains) this.#weigh('log', head, chains);
    for (const position of this.#chains.keys()) {
      if (position >= head.position) break;
      this.#chains.delete(position);
    }
  }

  /** When the log is read to its end. */
  differences({ forked, unconfirmedFrom }: SaidOfTheTree): readonly Difference[] {
    if (!this.#parting) this.#endings();
    this.#weighWhatIsBeyond();
    return [this.#parting, this.#signsWithAnotherKey()].filter((parting) => parting !== undefined).map((parting) => {
      const heads = this.#heads.filter(({ from, head }) => from === 'now' || head.position >= parting.position);
      const evidence: Evidence = {
        code: parting.code,
        heads,
        treeForked: forked,
        unconfirmed: unconfirmedFrom !== undefined && unconfirmedFrom <= parting.position,
        feedNotSigned: this.#feedNotSigned,
        firstKeys: this.#firstKeys(),
      };
      return { ...parting, source: this.source, heads, ...whoChanged(evidence) };
    });
  }

  /** For the next compare, when this one held. */
  toKeep(): KeptSource | undefined {
    return this.#now && { source: this.source, head: this.#now, keys: this.#feed.keys.all() };
  }

  #compare(bytes: Uint8Array, heard: Heard): void {
    const position = this.#position;
    if (heard.kind === 'event' && Buffer.compare(heard.bytes, bytes) === 0) {
      this.#same = position;
      return;
    }
    const hashes = { inTree: leafHash(bytes), inSource: heard.kind === 'event' ? leafHash(heard.bytes) : undefined };
    const { fault } = this.#feed;
    if (heard.kind === 'broken') this.#breaks(heard.position, heard.message);
    else if (heard.kind === 'ends') this.#part({ code: 'source.shorter', position, message: `the source ends at ${heard.at}`, ...hashes });
    else if (fault) this.#breaks(position, fault.message, hashes);
    else this.#part({ code: 'entry.differs', position, message: 'the source has other bytes here', ...hashes });
  }

  async #next(): Promise<Heard> {
    try {
      return await this.#feed.next();
    } catch (error) {
      // What was found stands; what it would have told of who did it is not known.
      if (!this.#parting) throw error;
      return { kind: 'broken', position: this.#position, message: 'it broke off' };
    }
  }

  #endings(): void {
    const [next, { fault }] = [this.#position + 1, this.#feed];
    if (fault) this.#breaks(fault.position, fault.message);
    else if (this.#same < this.headPosition) this.#part({ code: 'ledger.shorter', position: next, message: `the source had ${this.headPosition} when this began`, inTree: undefined, inSource: undefined });
    else if (this.#kept && this.#kept.head.position > this.#position) this.#part({ code: 'source.shorter', position: next, message: `it had ${this.#kept.head.position} when it was last looked at`, inTree: undefined, inSource: undefined });
  }

  /** A head that was known before the log was read, at its position. */
  #look(from: 'kept' | 'now', head: SignedHead, chains: Chains): void {
    const weighed = this.#weigh(from, head, chains);
    const nothing = { inTree: undefined, inSource: undefined };
    if (!weighed) this.#breaks(head.position, 'the head it shows is not signed by its key there');
    else if (weighed.fitsSource === false && from === 'now') this.#breaks(head.position, 'the head it shows is not that of the events it gives');
    else if (weighed.fitsTree === false && !this.#parting) this.#part({ code: 'source.rewritten', position: head.position, message: 'it signed another past up to here when it was last looked at', ...nothing });
  }

  /** Undefined for one that no key of the source's signed. One of a kind is enough: later heads of the kind say no more. */
  #weigh(from: WeighedHead['from'], head: SignedHead, { tree, source }: Partial<Chains>): WeighedHead | undefined {
    const publicKey = from === 'kept' ? this.#kept!.keys.find((key) => verifySignedHead(head, key)) : this.#keysAt(head.position).find((key) => verifySignedHead(head, key));
    if (!publicKey) return undefined;
    const fits = (chain: Uint8Array | undefined) => chain && Buffer.compare(chain, head.chain) === 0;
    const ended = (this.#silence?.kind === 'ends' && head.position > this.#silence.at) || (from === 'kept' && head.position > this.headPosition);
    const beyondTree = head.position > this.#position && from !== 'now';
    const weighed = { from, head, publicKey, fitsTree: beyondTree ? false : fits(tree), fitsSource: ended ? false : fits(source) };
    const known = this.#heads.some((each) => each.from === from && each.fitsTree === weighed.fitsTree && each.fitsSource === weighed.fitsSource);
    if (!known) this.#heads.push(weighed);
    return weighed;
  }

  /** Heads of entries that the tree does not have. */
  #weighWhatIsBeyond(): void {
    const beyond = (head: SignedHead | undefined): head is SignedHead => head !== undefined && head.position > this.#position;
    if (beyond(this.#kept?.head)) this.#weigh('kept', this.#kept.head, {});
    if (beyond(this.#now)) this.#weigh('now', this.#now, {});
    if (beyond(this.#ahead)) this.#weigh('log', this.#ahead, {});
  }

  /** Keys that the source itself stands by: those of its feed, and the tree's if they follow from one of its own. */
  #keysAt(position: number): readonly Uint8Array[] {
    const { differ, treeIsKept } = this.#firstKeys();
    const ofTree = differ && treeIsKept !== true ? undefined : this.#treeKeys.at(position);
    return [this.#feed.keys.at(position), ofTree].filter((key) => key !== undefined);
  }

  #firstKeys(): Evidence['firstKeys'] {
    const [tree, source, kept] = [this.#treeKeys.all()[0], this.#feed.keys.all()[0], this.#kept?.keys[0]];
    const same = (one: Uint8Array | undefined, other: Uint8Array | undefined) => one && other && Buffer.compare(one, other) === 0;
    return { differ: same(tree, source) === false, treeIsKept: same(tree, kept), sourceIsKept: same(source, kept) };
  }

  #signsWithAnotherKey(): Parting | undefined {
    const announced = this.#treeKeys.all();
    if (announced.length === 0 || this.#parting?.code === 'ledger.shorter' || announced.some((key) => Buffer.compare(key, this.#publicKey) === 0)) return undefined;
    return { code: 'key.differs', position: 1, message: 'in the ledger it announced other keys', inTree: undefined, inSource: undefined };
  }

  #breaks(position: number, message: string, hashes: Pick<Parting, 'inTree' | 'inSource'> = { inTree: undefined, inSource: undefined }): void {
    this.#feedNotSigned = true;
    if (!this.#parting) this.#part({ code: 'source.broken', position, message, ...hashes });
  }

  #part(parting: Parting): void {
    this.#parting = parting;
  }
}
