import type { Copy } from './installation.js';

/** Does it to a copy of a log, lets the one who should notice look, and answers with the codes that say so. */
export type Act = (copy: Copy) => Promise<string[]>;

export interface Kind {
  readonly id: string;
  readonly who: string;
  readonly what: string;
  readonly finder: string;
  /** The code that the finder says, among others. */
  readonly says: string;
  readonly when: string;
}

const verify = 'anyone: `verify --entries`';
const state = 'who kept a checkpoint: `verify --state`';
const compare = 'an auditor: `compare`';
const replay = 'an auditor: `replay`';
const takeIn = 'audit, taking it in';
const start = "audit's start";
const holder = 'who holds it: `checkReceipt`';
const owner = 'whose log it is: `own-log`';
const offline = 'when they look, offline';
const gate = 'the service called';
const run = 'at its next run';
const batch = 'at that batch';
const call = 'at that call';

const operator = "audit's operator";
const keyed = "audit's operator, signing anew";
const source = "a source's operator";
const broker = 'the broker, the network';
const disk = 'who can write to the disk';
const thief = 'a thief';

// Rows of docs/trust.md: `node tools/trust-doc.mjs` writes them there. Pure data, so that the tool can read it as it is.
export const kinds: readonly Kind[] = [
  row('O01', operator, 'drops an entry in the middle of a bundle', verify, 'bundle.malformed', run),
  row('O02', operator, 'drops the newest entry of the newest bundle', verify, 'bundle.malformed', run),
  row('O03', operator, 'changes one bit of an entry in a bundle', verify, 'entry.mismatch', run),
  row('O04', operator, 'changes one bit of a tile', verify, 'tile.mismatch', run),
  row('O05', operator, 'changes an entry, and its hash in the tile', verify, 'tile.mismatch', run),
  row('O06', operator, 'changes an entry, and every tile above it, but has no key to sign', verify, 'root.mismatch', run),
  row('O07', keyed, 'changes an entry that a head covers', verify, 'head.chain_differs', run),
  row('O08', keyed, 'swaps two entries of a source', verify, 'head.chain_differs', run),
  row('O09', keyed, 'repeats an entry', verify, 'stream.gap', run),
  row('O10', keyed, "puts an invented entry among a source's", verify, 'head.chain_differs', run),
  row('O11', keyed, 'leaves an entry out', verify, 'head.chain_differs', run),
  row('O12', keyed, 'back-dates an entry', verify, 'head.chain_differs', run),
  row('O13', keyed, 'puts an invented entry at the end, where no head covers it yet', compare, 'source.shorter', run),
  row('O14', keyed, 'puts an invented entry at the end, and leaves it there', state, 'entry.unconfirmed', '10 minutes after a checkpoint with it was kept'),
  row('O15', keyed, 'rolls the log back: fewer entries than a checkpoint that somebody kept', state, 'checkpoint.shrunk', run),
  row('O16', keyed, 'forks: a log without an entry that stood under a kept checkpoint', state, 'checkpoint.forked', run),
  row('O17', operator, 'serves an old checkpoint', state, 'checkpoint.shrunk', run),
  row('O18', operator, 'signs with another key', verify, 'checkpoint.refused', run),
  row('O19', keyed, 'signs under another origin', verify, 'checkpoint.refused', run),
  row('O20', keyed, 'swaps entries of two sources under a kept checkpoint', state, 'checkpoint.forked', run),
  row('O21', keyed, 'cuts a commit in half and goes on', verify, 'commit.broken', run),
  row('O22', keyed, 'dates everything earlier: moves the times of every HeadsSeen', verify, 'head.early', run),
  row('O23', keyed, 'moves the time of one HeadsSeen back', verify, 'heads.backwards', run),
  row('O24', keyed, 'leaves a source out of one HeadsSeen, so that it had nothing at that instant', verify, 'heads.backwards', run),
  row('O25', keyed, 'records no heads any more, and changes an entry they would cover', state, 'entry.unconfirmed', '10 minutes after a checkpoint with it was kept'),
  row('O26', keyed, 'records no heads any more, and changes an entry they would cover', compare, 'entry.differs', run),
  row('O27', keyed, "forges a source's head in a HeadsSeen", verify, 'head.not_signed', run),
  row('O28', keyed, 'records a head of entries that are not there', verify, 'head.ahead', run),
  row('O29', keyed, 'names a source twice in a HeadsSeen', verify, 'heads.malformed', run),
  row('O30', operator, 'changes a partial tile that only holders of an old checkpoint still read', verify + ', in the folder', 'stale.mismatch', run),
  row('O31', operator, 'serves a partial tile that is too short', verify, 'tile.wrong_length', run),
  row('O32', operator, 'puts a tile of an impossible width, or any file that has no place, in the log', verify + ', in the folder', 'file.unexpected', run),
  row('O33', operator, 'takes a tile away', verify, 'tile.missing', run),
  row('O34', operator, 'takes a bundle away', verify, 'bundle.missing', run),
  row('O35', operator, 'takes the checkpoint away', verify, 'checkpoint.missing', run),
  row('O36', operator, 'puts one tile in the place of another', verify, 'tile.wrong_length', run),
  row('O37', keyed, 'puts bytes that are no event in the log', verify, 'entry.malformed', run),
  row('O38', operator, 'does not take in what a source has', compare, 'ledger.shorter', run),
  row('O39', keyed, 'invents a whole source', compare, 'source.unknown', run),
  row('O40', keyed, "rewrites a source's whole past under a key of their own: `verify` alone cannot tell", compare, 'key.differs', run),
  row('O41', operator, 'answers Replay with a changed entry', replay, 'entry.mismatch', 'at that entry'),
  row('O42', operator, 'answers Replay with one entry left out', replay, 'entry.mismatch', 'at that entry'),
  row('O43', operator, 'answers Replay without the newest entry', replay, 'bundle.malformed', 'at its end'),
  row('O44', 'anyone on the way', 'adds a line to a signed checkpoint', verify, 'checkpoint.refused', run),

  row('R01', operator, 'gives a receipt with another index', holder, 'proof.not_included', 'when it is looked at, offline'),
  row('R02', operator, 'gives a receipt with another hash in its path', holder, 'proof.not_included', 'when it is looked at, offline'),
  row('R03', operator, 'gives a receipt with a hash too few', holder, 'proof.not_included', 'when it is looked at, offline'),
  row('R04', operator, 'gives the receipt of another entry', holder, 'proof.not_included', 'when it is looked at, offline'),
  row('R05', 'whoever shows it', 'changes the entry that a receipt came with', holder, 'proof.not_included', 'when it is looked at, offline'),
  row('R06', 'whoever shows it', 'shows a receipt from another log', holder, 'note.unknown_signer', 'when it is looked at, offline'),
  row('R07', 'whoever shows it', 'makes a receipt under a key of their own', holder, 'note.unknown_signer', 'when it is looked at, offline'),
  row('R08', 'whoever shows it', 'changes the size in its checkpoint', holder, 'note.bad_signature', 'when it is looked at, offline'),
  row('R09', operator, 'gives a receipt with a checkpoint its path does not lead to', holder, 'proof.not_included', 'when it is looked at, offline'),

  row('L01', operator, 'leaves a line out of the log that a citizen is shown', owner, 'own_log.hole', offline),
  row('L02', operator, "holds the newest line of a citizen's log back", owner, 'own_log.withheld', offline),
  row('L03', operator, "puts another event in the place of a line of a citizen's log", owner, 'own_log.chain_differs', offline),
  row('L04', operator, "rewrites a citizen's log, and commits the new one", owner + ', with an earlier copy', 'own_log.rewritten', offline),
  row('L05', operator, 'shows a citizen a head that stands in another log', owner, 'own_log.not_proved', offline),
  row('L06', operator, "commits a false head for one citizen, that fits what she is shown", verify, 'own_log.differs', run),
  row('L07', operator, "leaves a citizen's log out of the heads it commits", verify, 'own_log.differs', run),

  row('S01', source, 'rewrites its past, signs that, and goes on', takeIn, 'source.chain_differs', batch),
  row('S02', source, 'rewrites its past and says nothing: two readers, two histories', compare, 'entry.differs', run),
  row('S03', source, 'removes its newest events after they were fed', takeIn, 'source.behind_us', 'within a second, at its next head'),
  row('S04', source, 'removes its newest events after they were fed, before audit hears it again', compare, 'source.shorter', run),
  row('S05', source, 'repeats a position with another event', takeIn, 'source.chain_differs', batch),
  row('S06', source, 'leaves a position out', takeIn, 'source.gap', batch),
  row('S07', source, 'signs a head that does not fit its events', takeIn, 'source.chain_differs', batch),
  row('S08', source + ', or a thief of its name', 'takes a new key that the old one did not sign', takeIn, 'source.head_not_signed', batch),
  row('S09', source, "signs an event in another source's name", takeIn, 'source.foreign_event', batch),
  row('S10', source, 'signs bytes that are no event', takeIn, 'source.foreign_event', batch),
  row('S11', source, "repeats a stream's revision", verify, 'stream.gap', run),
  row('S12', source, 'lies about how many events a commit has', verify, 'commit.broken', run),
  row('S13', source, 'dates an event an hour back', verify, 'entry.late', run),
  row('S14', source, 'dates an event an hour ahead', verify, 'entry.early', run),
  row('S15', source, 'signs a head an hour ahead', verify, 'head.early', run),
  row('S16', source, 'begins without announcing its key', takeIn, 'source.key_not_announced', batch),
  row('S17', source, 'signs a head in the name of another', takeIn, 'source.head_not_signed', batch),
  row('S18', "a thief of a source's replaced key", 'signs on with it', takeIn, 'source.head_not_signed', batch),
  row('S19', source, 'signs for auditors with a key it never announced', compare, 'source.broken', run),
  row('S20', source, 'feeds auditors one event less than it signs', compare, 'source.broken', run),
  row('S21', source, 'shows auditors a head in the name of another', compare, 'source.broken', run),

  row('N01', broker, 'injects an event', takeIn, 'source.head_not_signed', batch),
  row('N02', broker, 'alters an event', takeIn, 'source.chain_differs', batch),
  row('N03', broker, 'reorders events', takeIn, 'source.chain_differs', batch),
  row('N04', broker, 'drops an event', takeIn, 'source.gap', batch),
  row('N05', broker, 'drops the last of a batch', takeIn, 'source.gap', batch),
  row('N06', broker, 'delays: goes on with old heads', takeIn + ': hears the source itself', 'nothing is missing', 'within 10 minutes'),
  row('N07', broker, 'replays what was', takeIn + ': dropped by position', 'nothing is missing', batch),
  row('N08', broker, 'shows an older head as a newer one', takeIn, 'source.behind_us', batch),
  row('N09', 'the broker, with a stolen key that its source replaced', 'hides the replacement, and forges on', takeIn + ': hears the source itself', 'source.head_not_signed', 'within 10 minutes; until then it counts'),

  row('D01', disk, "changes an event in a service's SQLite", compare, 'entry.differs', run),
  row('D02', disk, 'deletes its newest events', compare, 'source.shorter', run),
  row('D03', disk, 'changes an entry in the ledger', replay, 'entry.mismatch', run),
  row('D04', disk, 'deletes the newest of the ledger', start, 'log.ledger_shorter', 'at its next start'),
  row('D05', disk, "changes the ledger's chain", start, 'log.ledger_differs', 'at its next start'),
  row('D06', disk, 'overwrites the record of the last signed tree', start, 'log.record_malformed', 'at its next start'),
  row('D07', disk, 'deletes the record of the last signed tree', start, 'log.record_missing', 'at its next start'),
  row('D08', disk, "changes a tile at the log's edge", start, 'log.edge_differs', 'at its next start'),
  row('D09', disk, "replaces the log's published key", start, 'log.origin_changed', 'at its next start'),
  row('D10', disk, "changes the chain in a consumer's checkpoint", takeIn, 'source.chain_differs', 'at the next batch'),
  row('D11', disk, "changes the source's key in a consumer's checkpoint", takeIn, 'source.head_not_signed', 'at the next batch'),
  row('D12', disk, "puts one citizen's sealed value in another's place", 'the service that opens it', 'SealBroken', 'when it is read'),

  row('X01', thief, "shows a citizen's token from another certificate", gate, 'token.other_certificate', call),
  row('X02', thief, 'shows a token to a service it was not made for', gate, 'token.foreign_audience', call),
  row('X03', thief, 'shows a token after its five minutes', gate, 'token.expired', call),
  row('X04', thief, 'shows a token signed by another key', gate, 'token.malformed', call),
  row('X05', thief, "puts another citizen's name in a token", gate, 'token.malformed', call),
  row('X06', 'a relying service, or who stole its certificate', 'calls what only services may call', gate + ', and it is recorded', 'call.not_allowed', call),

  row('F01', operator, 'opens another log in the place of one that is not lost', state, 'log.continued', run),
  row('F02', operator, 'names in it an older checkpoint of the lost log than somebody kept', state, 'log.names_less', run),
  row('F03', keyed, 'opens another log that does not say which one it continues', verify, 'log.continuation_differs', run),
  row('F04', keyed, "goes on with a source of audit's own that was closed with the lost log", verify, 'log.kept_differs', run),
  row('F05', keyed, 'leaves something out of what it says was kept, where no head covers it', verify, 'log.kept_differs', run),
  row('F06', keyed, 'says further on that the log continues another', verify, 'log.continuation_differs', run),

  // Kept free, each for what is found by parts that are not here yet: W01 to W19 by witnesses and the monitor, C01 to C19 by
  // a citizen's own head, P01 to P19 by replaying and rebuilding read models. A row comes with its test, or not at all.
];

function row(id: string, who: string, what: string, finder: string, says: string, when: string): Kind {
  return { id, who, what, finder, says, when };
}
