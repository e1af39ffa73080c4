import { OwnLogHeads } from '@tillid/contracts/audit/v1/events';
import { checkMapProof, checkReceipt, leafHash, logKeysOf, parseReceipt, type LogKeys, type NoteVerifier } from '@tillid/transparency';
import { decodeEnvelope } from '../event-codec.js';
import { nextChainOver } from '../chain.js';
import { noLines, ownLogHeadsType, ownLogMapKey, ownLogMapValue, type LogOwner, type OwnLogHead } from './own-logs.js';
import { auditSourceOf } from './log-continued.js';

/** What an owner keeps of their log: the lines they were shown, and the head that was committed in the signed log. */
export interface OwnLogCopy {
  /** One's own, and everyone's; lines in the order of their numbers. */
  readonly logs: readonly { readonly owner: LogOwner; readonly lines: readonly CopiedLine[] }[];
  readonly committed: CommittedOwnLogHeads;
}

export interface CopiedLine {
  readonly number: number;
  readonly leafHash: Uint8Array;
  readonly chain: Uint8Array;
}

/** As audit's GetOwnLogHead answers. */
export interface CommittedOwnLogHeads {
  readonly event: Uint8Array;
  readonly receipt: string;
  readonly heads: readonly { readonly owner: LogOwner; readonly number: number; readonly chain: Uint8Array; readonly siblings: readonly Uint8Array[]; readonly otherKey: Uint8Array; readonly otherValue: Uint8Array }[];
}

export const ownLogFindings = {
  'own_log.not_proved': 'the heads do not stand in the signed log',
  'own_log.hole': 'a line is missing',
  'own_log.chain_differs': 'a line was changed, slipped in, or stands in another place',
  'own_log.withheld': 'the committed head has lines that were not shown',
  'own_log.rewritten': 'what was shown before is not what is shown now',
} as const satisfies Record<string, string>;

export interface OwnLogFinding {
  readonly code: keyof typeof ownLogFindings;
  readonly owner: LogOwner;
  /** Of the line where it shows; 0 when it is of no line. */
  readonly number: number;
}

export interface OwnLogVerdict {
  readonly findings: readonly OwnLogFinding[];
  /** The heads are complete as of this many entries of the log, of a signed tree of this size. */
  readonly ledgerPosition: number;
  readonly treeSize: number;
  readonly logs: readonly { readonly owner: LogOwner; readonly number: number; readonly committed: number }[];
}

/**
 * Whether a copy is all there was, with the log's key (or those it leads to) and nothing else: that no line is missing, changed or slipped in,
 * and none held back as of the committed head. With an earlier copy: that what it shows has not changed since.
 */
export function checkOwnLogCopy(copy: OwnLogCopy, key: NoteVerifier | LogKeys, earlier?: OwnLogCopy): OwnLogVerdict {
  const committed = openHeads(copy.committed, logKeysOf(key));
  const findings: OwnLogFinding[] = committed === undefined ? [{ code: 'own_log.not_proved', owner: '', number: 0 }] : [];
  for (const { owner, lines } of copy.logs) {
    const fault = followLines(owner, lines);
    const head = committed?.heads.get(owner);
    if (fault) findings.push(fault);
    else if (head && !reaches(lines, head)) findings.push({ code: head.number > lines.length ? 'own_log.withheld' : 'own_log.chain_differs', owner, number: head.number });
    else if (committed && !head) findings.push({ code: 'own_log.not_proved', owner, number: 0 });
    const before = earlier?.logs.find((log) => log.owner === owner)?.lines.at(-1);
    if (before && !reaches(lines, before)) findings.push({ code: 'own_log.rewritten', owner, number: before.number });
  }
  const logs = copy.logs.map(({ owner, lines }) => ({ owner, number: lines.length, committed: committed?.heads.get(owner)?.number ?? 0 }));
  return { findings, ledgerPosition: committed?.ledgerPosition ?? 0, treeSize: committed?.treeSize ?? 0, logs };
}

/** Undefined unless all of it is proved: the event in the log, and each head under its root. */
function openHeads({ event, receipt, heads }: CommittedOwnLogHeads, keys: LogKeys) {
  try {
    const parsed = parseReceipt(receipt);
    const checkpoint = keys.open(parsed.checkpoint);
    checkReceipt(parsed, leafHash(event), keys.all);
    const { type, source, data } = decodeEnvelope(event);
    if (type !== ownLogHeadsType || source !== auditSourceOf(checkpoint.origin)) return undefined;
    const { root, ledgerPosition } = OwnLogHeads.decode(data);
    for (const { owner, number, chain, siblings, otherKey, otherValue } of heads) {
      const other = otherKey.length > 0 ? { other: { key: otherKey, value: otherValue } } : {};
      checkMapProof(root, ownLogMapKey(owner), number > 0 ? ownLogMapValue({ number, chain }) : undefined, { siblings: siblings.map((hash) => Buffer.from(hash)), ...other });
    }
    return { ledgerPosition, treeSize: checkpoint.size, heads: new Map<LogOwner, OwnLogHead>(heads.map((head) => [head.owner, head.number > 0 ? head : noLines])) };
  } catch {
    // Whatever cannot be read proves as little as what does not fit.
    return undefined;
  }
}

function followLines(owner: LogOwner, lines: readonly CopiedLine[]): OwnLogFinding | undefined {
  let chain = noLines.chain;
  for (const [index, line] of lines.entries()) {
    if (line.number !== index + 1) return { code: 'own_log.hole', owner, number: index + 1 };
    if (line.leafHash.length !== chain.length) return { code: 'own_log.chain_differs', owner, number: line.number };
    chain = nextChainOver(chain, line.leafHash);
    if (!Buffer.from(chain.buffer, chain.byteOffset, chain.length).equals(line.chain)) return { code: 'own_log.chain_differs', owner, number: line.number };
  }
  return undefined;
}

/** The lines have this head among them. Later ones may have come since. */
function reaches(lines: readonly CopiedLine[], { number, chain }: OwnLogHead): boolean {
  if (number === 0) return true;
  const line = lines[number - 1];
  return line !== undefined && Buffer.from(chain).equals(line.chain);
}
