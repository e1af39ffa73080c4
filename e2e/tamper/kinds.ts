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
const judge = 'an auditor: `compare`, which names who must have done it';
const replay = 'an auditor: `replay`';
const takeIn = 'audit, taking it in';
const start = "audit's start";
const holder = 'who holds it: `checkReceipt`';
const owner = 'whose log it is: `own-log`';
const offline = 'when they look, offline';
const gate = 'the service called';
const asked = 'the witness, and audit logs it';
const watch = 'anyone: `watch --policy`';
const look = 'at its next look (10 seconds)';
const again = 'when its turn comes: within 41 minutes at a million entries';
const receipt = 'who holds it: `receipt`';
const offlineLook = 'when it is looked at, offline';
const rebuild = 'an auditor: `rebuild`, by list and position';
const database = "who can write to a service's database";
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

  row('J01', keyed, 'changes an entry and says that the source did it', judge, 'tree.differs_from_recorded_head', run),
  row('J02', source, 'changes an entry and says that audit did it', judge, 'source.signed_otherwise', run),
  row('J03', "a source's operator and audit's together", 'rewrite a past, every head and the tree: whole for whoever never looked before', judge + ' (`--state`)', 'source.rewritten', run),

  row('W01', operator, 'asks a witness to cosign another log than it saw', asked, 'witness.proof_refused', 'at that request'),
  row('W02', operator, 'asks a witness to cosign the log as it was before: rolled back', asked, 'witness.ahead', 'at that request'),
  row('W03', operator, 'tells a witness that it has never seen this log', asked, 'HTTP 409', 'at that request'),
  row('W04', operator, 'signs two trees of one size, and lets one witness see both', watch + ', from that witness', 'checkpoint.forked', look),
  row('W05', operator, 'shows one person another log than everybody else', watch, 'checkpoint.forked', look),
  row('W06', operator, 'shows one person less than everybody else', watch, 'checkpoint.withheld', look),
  row('W07', operator, 'strips the cosignatures off what it shows', watch, 'checkpoint.not_cosigned', look),
  row('W08', operator, "forges its witnesses' cosignatures", watch, 'checkpoint.refused', look),
  row('W09', operator, 'puts the cosignatures of one tree under another', watch, 'checkpoint.refused', look),
  row('W10', operator, 'changes the time in a cosignature, so that an old one looks new', watch, 'checkpoint.refused', look),
  row('W11', operator + ', and who cuts somebody off from the witnesses', 'goes on showing an old tree with its old cosignatures', watch, 'checkpoint.stale', '10 minutes (`--stale`) after the last cosignature'),
  row('W12', operator, 'signs on, and lets no witness see it', watch, 'checkpoint.not_cosigned', 'a minute (`--patience`)'),
  row('W13', operator + ', and one witness of three', 'have that one cosign another log, and show it to somebody cut off from the others', watch, 'checkpoint.not_cosigned', look),
  row('W14', operator + ', and one witness of three', 'have that one cosign another log; whoever is shown the first asks it', watch, 'checkpoint.forked', look),
  row('W15', 'who runs a witness', 'puts it back from a backup: it cosigns a log that parts from what it has forgotten', 'who holds a receipt from there: `receipt`', 'policy.no_quorum', 'when it is looked at, offline'),
  row('W16', "who can write to a witness's disk", 'changes what it saw last', "the witness's start", 'CouldNotLook', 'at its next start'),
  row('W17', operator, 'takes a tile away after `watch` has seen it', watch, 'tile.missing', again),
  row('W18', operator, 'changes a tile after `watch` has seen it', watch, 'tile.mismatch', again),
  row('W19', operator, 'changes an entry after `watch` has seen it', watch + ' --entries', 'entry.mismatch', again),
  row('W20', operator, 'goes over to another log while somebody watches, the witnesses being down', watch, 'checkpoint.forked', look),
  row('W21', 'whoever poses as a witness', 'says that it saw another log', watch + ': not believed', 'note.unknown_signer', look),
  row('W22', 'whoever shows it', 'changes the index in a cosigned receipt', receipt, 'proof.not_included', offlineLook),
  row('W23', 'whoever shows it', 'shows another entry with a cosigned receipt', receipt, 'proof.not_included', offlineLook),
  row('W24', operator, 'puts another cosigned tree in a receipt', receipt, 'proof.not_included', offlineLook),
  row('W25', operator, 'gives a receipt that one witness of three has seen', receipt, 'policy.no_quorum', offlineLook),
  row('W26', operator, "repeats one witness's line until it looks like a quorum", receipt, 'policy.no_quorum', offlineLook),
  row('W27', operator, 'has it cosigned by witnesses of its own', receipt, 'policy.no_quorum', offlineLook),
  row('W28', 'whoever shows it', 'changes a cosignature', receipt, 'note.bad_signature', offlineLook),
  row('W29', 'whoever shows it', 'shows a receipt of another log, which the same witnesses have seen', receipt, 'policy.unknown_log', offlineLook),
  row('W30', 'whoever hands out a policy', 'lets one key count as two witnesses', 'who reads it: `receipt`, `watch`', 'policy.key_twice', offlineLook),
  row('W31', operator + ', and one witness of three that cosigns two logs', 'show each of the two others one of them: both logs have their quorum, and all receipts hold', watch + ', which asks them all', 'checkpoint.forked', look),

  row('P01', database, 'takes the grant of a consent back', rebuild, 'list.differs', run),
  row('P02', database, 'deletes a consent from the list', rebuild, 'list.differs', run),
  row('P03', database, "moves a consent to another citizen's page, by its index alone", rebuild, 'list.differs', run),
  row('P04', database, 'makes a relying service a data provider', rebuild, 'list.differs', run),
  row('P05', database, 'takes a closed citizen off the list of the closed', rebuild, 'list.differs', run),
  row('P06', database, "puts another citizen behind a pseudonym", rebuild, 'list.differs', run),
  row('P07', database, 'lets a closed citizen sign in again', rebuild, 'list.differs', run),
  row('P08', database, 'deletes the newest entry that access logs show', rebuild, 'list.differs', run),
  row('P09', database, 'puts an invented entry where access logs read', rebuild, 'list.differs', run),
  row('P10', database, "deletes a line of a citizen's log, and numbers on without a hole", rebuild, 'list.differs', run),
  row('P11', database, "takes a line off a citizen's pages, by its index alone", rebuild, 'list.differs', run),
  row('P12', database, 'sets a list ahead of what the log has', rebuild, 'list.ahead', run),
  row('P13', database, 'sets a list ahead, so that it skips what comes', rebuild, 'list.differs', run),
  row('P14', database, 'marks a consent as newer than all that comes', rebuild, 'list.differs', 'at its next run after that'),
  row('P15', database, 'has the database itself drop what is written', rebuild, 'list.differs', 'at its next run after that'),
  row('P16', database, 'takes a consent out of an index alone, beneath SQL: its row is as it was, and on no page', rebuild, 'list.differs', run),

  row('K01', operator, 'takes a new key for the log, and announces it nowhere', verify, 'checkpoint.refused', run),
  row('K02', operator, "announces a next key that the log's key did not sign", verify, 'key.refused', run),
  row('K03', operator, 'announces a next key that whoever announces it does not have', verify, 'key.refused', run),
  row('K04', operator, "announces a next key that the log's key did not sign, to who begins with the next", verify, 'log_key.not_signed', run),
  row('K05', keyed, "lets the log's key name two: to some the one, to some the other", verify, 'log_key.rival', run),
  row('K06', keyed, 'goes back to the key that was replaced', verify, 'log_key.not_in_force', run),
  row('K07', "a thief of the log's replaced key", 'signs on with it', verify, 'checkpoint.refused', run),
  row('K08', keyed, 'names a next key in the log, signs on with the old, and shows no one the proof', verify, 'key.not_in_force', run),
  row('K09', "a thief of the log's replaced key", 'signs on with it, for one who kept a checkpoint, and hides that it was replaced', state, 'CouldNotLook', run + ' (exit 2)'),
  row('K10', keyed, 'proves the next key by a tree that is not the one it shows', verify, 'checkpoint.forked', run),
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
