import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkByPolicy, checkReceiptByPolicy, cosignatureSeconds, cosigner, cosignerVkeyOf, formatAddCheckpoint, formatReceipt, leafHash, noteSigner, openNote, parseAddCheckpoint, parseCosignerVkey, parseNote, parsePolicy, parseReceipt, parseSignatures, parseSize, parseVkey, quorumMet, requireByPolicy, signCheckpoint, signNote, vkeyOf } from './index.js';

const seedFrom = (first: number) => Buffer.from(Array.from({ length: 32 }, (_, index) => first + index));
const [logSeed, witnessSeed] = [seedFrom(0), seedFrom(0x20)];
const origin = 'audit.example.gov/log1';
const logVkey = 'audit.example.gov/log1+5340bcad+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4';
const witnessName = 'witness.example.gov/w1';
const witnessVkey = 'witness.example.gov/w1+173a951a+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X';
const root = Buffer.from('kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=', 'base64');
const text = `${origin}\n7\n${root.toString('base64')}\n`;
const logLine = '— audit.example.gov/log1 U0C8raN/QqPHuaqWwLbH7oO5clRIDGcmrYZ/yqRZu5TF/Q1lOSZAq7qXnTHt9JxXpG57EUpyUcBaQjhbX347gKRvUgQ=\n';
const witnessLine = '— witness.example.gov/w1 FzqVGgAAAABlU/EAcSRvp8sQFGRrhJ5yYvY/PnYtUJ6+KIaoWSLh+1mDzP+04Btwnbw4F+wXgbLoQDhu1vEV72cCLqJpWgB33N0XCA==\n';
const cosigned = `${text}\n${logLine}${witnessLine}`;
/** A line of type 0x06: 4 bytes of key id, 8 of time and 2,420 of ML-DSA-44. */
const mlDsaLine = `— pq.example/w9 ${Buffer.alloc(4 + 8 + 2420, 6).toString('base64')}\n`;
const logKeys = [noteSigner(origin, logSeed)];
const witnesses = [1, 2, 3, 4].map((number) => ({ name: `w${number}.example`, seed: Buffer.alloc(32, 100 + number) }));
const policyOf = (...lines: string[]) => parsePolicy(`${[`log ${logVkey}`, ...witnesses.map(({ name, seed }, index) => `witness W${index + 1} ${cosignerVkeyOf(name, seed)}`), ...lines].join('\n')}\n`);
const seenBy = (...numbers: number[]) => signCheckpoint({ origin, size: 7, root }, [...logKeys, ...numbers.map((number) => cosigner(witnesses[number - 1]!.name, witnesses[number - 1]!.seed, () => 1_700_000_000 + number))]);

describe('a cosignature', () => {
  it('is that of the vectors, byte for byte', () => {
    expect(cosignerVkeyOf(witnessName, witnessSeed)).toBe(witnessVkey);
    expect(signCheckpoint({ origin, size: 7, root }, [...logKeys, cosigner(witnessName, witnessSeed, () => 1_700_000_000)])).toBe(cosigned);
  });

  it('says when the witness had seen nothing larger', () => {
    const { signatures } = openNote(cosigned, [parseVkey(logVkey), parseCosignerVkey(witnessVkey)]);
    expect(cosignatureSeconds(signatures[1]!.signature)).toBe(1_700_000_000);
  });

  it('of another time, another tree or cut short is refused', () => {
    const key = parseCosignerVkey(witnessVkey);
    const payload = parseNote(cosigned).signatures[1]!.signature;
    const message = Buffer.from(text);
    expect(key.verify(message, payload)).toBe(true);
    const later = Buffer.from(payload);
    later[7]! += 1;
    expect(key.verify(message, later)).toBe(false);
    expect(key.verify(Buffer.from(text.replace('\n7\n', '\n8\n')), payload)).toBe(false);
    for (const length of [0, 8, 64, 71]) expect(key.verify(message, payload.subarray(0, length))).toBe(false);
    expect(key.verify(message, Buffer.concat([Buffer.alloc(8, 0xff), payload.subarray(8)]))).toBe(false);
  });

  it("never counts as a log's signature, nor the other way round", () => {
    expect(() => parseVkey(witnessVkey)).toThrow('key.unknown_algorithm');
    expect(() => parseCosignerVkey(logVkey)).toThrow('key.unknown_algorithm');
    expect(() => parseCosignerVkey(witnessVkey.replace('173a951a', '173a951b'))).toThrow('key.wrong_id');
  });
});

describe('a signature of an algorithm we do not know', () => {
  const mlDsaVkey = (name: string, fill = 6, length = 1312) => {
    const typed = Buffer.concat([Buffer.of(6), Buffer.alloc(length, fill)]);
    const id = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8);
    return `${name}+${id}+${typed.toString('base64')}`;
  };
  const lineOf = (vkey: string) => `— ${vkey.split('+')[0]} ${Buffer.concat([Buffer.from(vkey.split('+')[1]!, 'hex'), Buffer.alloc(2428, 7)]).toString('base64')}\n`;

  it('is ignored too where a policy names its key: the name stands, and never counts', () => {
    const pq = mlDsaVkey('pq.example/w9');
    const note = `${text}\n${logLine}${lineOf(pq)}${witnessLine}`;
    const policy = (...lines: string[]) => parsePolicy(`log ${logVkey}\nlog ${mlDsaVkey(origin, 8)}\nwitness PQ ${pq} https://pq.example/\nwitness W1 ${witnessVkey}\n${lines.join('\n')}\n`);
    expect(checkByPolicy(note, policy('group A any PQ W1', 'quorum A'))).toMatchObject({ quorum: true, cosigned: [{ witness: 'W1' }] });
    expect(checkByPolicy(note, policy('group A all PQ W1', 'quorum A')).quorum).toBe(false);
    expect(checkByPolicy(note, policy('quorum PQ')).quorum).toBe(false);
    expect(policy('quorum W1').witnesses.map(({ name }) => name)).toEqual(['W1']);
    // Under the log's own name as well: it signs with both, and the one we know is enough.
    expect(checkByPolicy(`${text}\n${lineOf(mlDsaVkey(origin, 8))}${logLine}`, policy('quorum none')).quorum).toBe(true);
    expect(() => checkByPolicy(`${text}\n${lineOf(mlDsaVkey(origin, 8))}`, policy('quorum none'))).toThrow('note.unknown_signer');
  });

  it.each([
    ['too short', mlDsaVkey('pq.example/w9', 6, 1311), 'key.malformed'],
    ['too long', mlDsaVkey('pq.example/w9', 6, 1313), 'key.malformed'],
    ['empty', mlDsaVkey('pq.example/w9', 6, 0), 'key.malformed'],
    ['of another id', mlDsaVkey('pq.example/w9').replace(/\+[0-9a-f]{8}\+/, '+00000000+'), 'key.wrong_id'],
    ['of another name', mlDsaVkey('pq.example/w9').replace('w9', 'w8'), 'key.wrong_id'],
    ['not padded', mlDsaVkey('pq.example/w9').replace(/=+$/, ''), 'base64.not_canonical'],
    ['of type 0x05', `pq.example/w9+00000000+${Buffer.concat([Buffer.of(5), Buffer.alloc(32)]).toString('base64')}`, 'key.unknown_algorithm'],
  ])('but not a key that is %s', (_, vkey, code) => {
    for (const line of [`log ${vkey}`, `witness PQ ${vkey}`]) expect(() => parsePolicy(`${line}\nquorum none\n`)).toThrow(code);
  });

  it('nor may it stand twice, nor be what a log or a witness is trusted by alone', () => {
    const pq = mlDsaVkey('pq.example/w9');
    expect(() => parsePolicy(`witness A ${pq}\nwitness B ${pq}\nquorum none\n`)).toThrow('policy.key_twice');
    expect(() => parseVkey(pq)).toThrow('key.unknown_algorithm');
    expect(() => parseCosignerVkey(pq)).toThrow('key.unknown_algorithm');
  });

  it.each([
    ['4 bytes', 4, 'note.malformed_signature'],
    ['5 bytes', 5, undefined],
    ['a byte less', 2431, undefined],
    ['40 kB', 40_000, undefined],
    ['70 kB', 70_000, 'note.too_large'],
  ])('of %s is what it is: whoever does not know the algorithm does not know its length', (_, length, code) => {
    const open = () => openNote(`${text}\n${logLine}— pq.example/w9 ${Buffer.alloc(length, 6).toString('base64')}\n`, [parseVkey(logVkey)]);
    if (code === undefined) expect(open().signatures).toHaveLength(2);
    else expect(open).toThrow(code);
  });

  it('in a receipt and in what a log asks of a witness', () => {
    const checkpoint = `${text}\n${mlDsaLine}${logLine}${mlDsaLine}`;
    expect(parseAddCheckpoint(Buffer.from(formatAddCheckpoint({ oldSize: 3, proof: [], checkpoint }))).checkpoint).toBe(checkpoint);
    expect(parseReceipt(formatReceipt({ index: 5, path: [], checkpoint })).checkpoint).toBe(checkpoint);
  });

  it('is read and ignored, 2,432 bytes and all, up to sixteen of them', () => {
    expect(openNote(`${text}\n${mlDsaLine}${logLine}${witnessLine}`, [parseVkey(logVkey), parseCosignerVkey(witnessVkey)]).signatures).toHaveLength(3);
    expect(openNote(`${text}\n${logLine}${mlDsaLine.repeat(15)}`, [parseVkey(logVkey)]).signatures).toHaveLength(16);
    expect(parseSignatures(`${mlDsaLine}${witnessLine}`).map(({ name }) => name)).toEqual(['pq.example/w9', witnessName]);
    expect(() => openNote(`${text}\n${mlDsaLine}`, [parseVkey(logVkey)])).toThrow('note.unknown_signer');
  });
});

describe('a policy', () => {
  const nested = policyOf('group A 2 W1 W2 W3', 'group B all A W4', 'quorum B');

  it.each([
    ['nobody', [], false],
    ['two of the group, but not the other', [1, 2], false],
    ['one of the group and the other', [1, 4], false],
    ['two of the group and the other', [2, 3, 4], true],
    ['all', [1, 2, 3, 4], true],
  ] as const)('of groups in groups, seen by %s', (_, numbers, quorum) => {
    expect(checkByPolicy(seenBy(...numbers), nested)).toMatchObject({ quorum, checkpoint: { size: 7 }, cosigned: numbers.map((number) => ({ witness: `W${number}`, seconds: 1_700_000_000 + number })) });
  });

  it('counts a witness once, however often it signed', () => {
    const [log, ...lines] = seenBy(1).split('\n— ').map((part, index) => (index === 0 ? part : `— ${part}`));
    expect(checkByPolicy(`${log}\n${lines[0]}\n${lines[1]!.trimEnd()}\n${lines[1]!.trimEnd()}\n`, policyOf('group A 2 W1 W2', 'quorum A')).quorum).toBe(false);
  });

  it('may ask for no witness, or any one', () => {
    expect(requireByPolicy(seenBy(), policyOf('quorum none')).quorum).toBe(true);
    expect(requireByPolicy(seenBy(3), policyOf('group A any W1 W2 W3', 'quorum A')).quorum).toBe(true);
    expect(() => requireByPolicy(seenBy(), policyOf('quorum W1'))).toThrow('policy.no_quorum');
    expect(quorumMet(policyOf('quorum W2'), ['W2'])).toBe(true);
  });

  it('takes no checkpoint of a log it does not name, however many witnesses saw it', () => {
    const other = signNote(`other.example/log\n7\n${root.toString('base64')}\n`, [noteSigner('other.example/log', logSeed), cosigner(witnesses[0]!.name, witnesses[0]!.seed, () => 1)]);
    expect(() => checkByPolicy(other, policyOf('quorum W1'))).toThrow('policy.unknown_log');
    const another = signNote(`other.example/log\n7\n${root.toString('base64')}\n`, logKeys);
    expect(() => checkByPolicy(another, policyOf('quorum none'))).toThrow('policy.unknown_log');
  });

  it("refuses the whole checkpoint when one known witness's cosignature is wrong", () => {
    const [number, forged] = [seenBy(1, 2), seenBy(1, 2).replace('\n7\n', '\n8\n')];
    expect(checkByPolicy(number, policyOf('quorum W1')).quorum).toBe(true);
    expect(() => checkByPolicy(forged, policyOf('quorum W1'))).toThrow('note.bad_signature');
  });

  it('reads comments, tabs and blank lines as nothing', () => {
    const policy = parsePolicy(`# who\n\n \t# else\n\tlog\t${logVkey}   https://log.example/  \nwitness W1 ${witnessVkey} http://w.example:1\n quorum  W1\n`);
    expect([policy.logs[0]!.url, policy.witnesses[0]!.url, policy.quorum]).toEqual(['https://log.example/', 'http://w.example:1', 'W1']);
  });

  const w = (number: number, as = `W${number}`) => `witness ${as} ${cosignerVkeyOf(`w${number}`, Buffer.alloc(32, number))}`;
  it.each([
    ['no quorum', [w(1)], 'policy.one_quorum'],
    ['two quorums', [w(1), 'quorum W1', 'quorum none'], 'policy.one_quorum'],
    ['a quorum nobody defined', ['quorum W1'], 'policy.name_unknown'],
    ['a group used before it stands there', [w(1), 'group A any B', 'group B any W1', 'quorum A'], 'policy.name_unknown'],
    ['a group in itself', [w(1), 'group A any W1 A', 'quorum A'], 'policy.name_unknown'],
    ['none as a member', [w(1), 'group A any none', 'quorum A'], 'policy.name_unknown'],
    ['a witness called none', [w(1, 'none'), 'quorum none'], 'policy.name_taken'],
    ['a name twice', [w(1), w(2, 'W1'), 'quorum W1'], 'policy.name_taken'],
    ['one key under two names', [w(1), `witness W2 ${cosignerVkeyOf('w2', Buffer.alloc(32, 1))}`, 'quorum W1'], 'policy.key_twice'],
    ['a member twice in a group', [w(1), 'group A 2 W1 W1', 'quorum A'], 'policy.member_twice'],
    ['a witness in two groups', [w(1), 'group A any W1', 'group B any W1', 'quorum A'], 'policy.member_twice'],
    ['a threshold of 0', [w(1), 'group A 0 W1', 'quorum A'], 'policy.threshold'],
    ['a threshold beyond all', [w(1), 'group A 2 W1', 'quorum A'], 'policy.threshold'],
    ['a threshold with a zero before it', [w(1), 'group A 01 W1', 'quorum A'], 'policy.threshold'],
    ['a group of nobody', [w(1), 'group A any', 'quorum A'], 'policy.malformed'],
    ["a log's key for a witness", [`witness W1 ${vkeyOf('w1', Buffer.alloc(32, 1))}`, 'quorum W1'], 'key.unknown_algorithm'],
    ["a witness's key for a log", [`log ${witnessVkey}`, 'quorum none'], 'key.unknown_algorithm'],
    ['a word too many', [w(1), 'quorum W1 W2'], 'policy.malformed'],
    ['a line of another kind', ['observer X', 'quorum none'], 'policy.malformed'],
    ['a carriage return', ['quorum none\r'], 'policy.malformed'],
    ['sixty-five witnesses', [...Array.from({ length: 65 }, (_, index) => w(index + 1)), 'quorum none'], 'policy.too_large'],
    ['endless lines', ['#'.repeat(70_000), 'quorum none'], 'policy.too_large'],
  ])('with %s is refused', (_, lines, code) => expect(() => parsePolicy(`${lines.join('\n')}\n`)).toThrow(code));
});

describe('a receipt by a policy', () => {
  const path = ['GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=', 'DP2ldv9LKeozw6/a7tG9Y362VLKKBDAvyrX9fbB4Acw=', 'JWueiCXl03CkrgBdCQHqKRl34pJ/XPjj5yZg3QlRnts='].map((hash) => Buffer.from(hash, 'base64'));
  const receipt = parseReceipt(formatReceipt({ index: 5, path, checkpoint: cosigned }));
  const policy = parsePolicy(`log ${logVkey}\nwitness W1 ${witnessVkey}\nquorum W1\n`);

  it('holds for its entry, and says who saw the tree and when', () => {
    expect(checkReceiptByPolicy(receipt, leafHash(Buffer.from('entry-5')), policy)).toMatchObject({ index: 5, cosigned: [{ witness: 'W1', seconds: 1_700_000_000 }] });
  });
  it('does not for another entry, nor without its witness', () => {
    expect(() => checkReceiptByPolicy(receipt, leafHash(Buffer.from('entry-4')), policy)).toThrow('proof.not_included');
    expect(() => checkReceiptByPolicy({ ...receipt, checkpoint: `${text}\n${logLine}` }, leafHash(Buffer.from('entry-5')), policy)).toThrow('policy.no_quorum');
  });
});

describe('what a log asks of a witness', () => {
  const checkpoint = `${text}\n${logLine}`;
  const hash = Buffer.alloc(32, 9);
  it('reads back as it was written, with no hash and with 63', () => {
    for (const proof of [[], Array.from({ length: 63 }, () => hash)]) expect(parseAddCheckpoint(Buffer.from(formatAddCheckpoint({ oldSize: 3, proof, checkpoint })))).toEqual({ oldSize: 3, proof, checkpoint });
    expect(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint })).toBe(`old 0\n\n${checkpoint}`);
  });

  const line = `${hash.toString('base64')}\n`;
  it.each([
    ['nothing', '', 'witness.malformed'],
    ['no old size', `\n${checkpoint}`, 'witness.malformed'],
    ['an old size with a zero before it', `old 03\n\n${checkpoint}`, 'witness.malformed'],
    ['a negative old size', `old -3\n\n${checkpoint}`, 'witness.malformed'],
    ['an old size of 2^64', `old 18446744073709551616\n\n${checkpoint}`, 'witness.malformed'],
    ['64 hashes', `old 3\n${line.repeat(64)}\n${checkpoint}`, 'proof.too_many_hashes'],
    ['a short hash', `old 3\nAAAA\n\n${checkpoint}`, 'proof.malformed'],
    ['url-safe base64', `old 3\n${'_'.repeat(43)}=\n\n${checkpoint}`, 'base64.not_canonical'],
    ['no checkpoint', 'old 3\n\n', 'note.no_signature'],
    ['no blank line', `old 3\n${line}`, 'witness.malformed'],
    ['a checkpoint nobody signed', `old 3\n\n${text}\n`, 'note.no_signature'],
    ['a megabyte', 'x'.repeat(1_000_000), 'note.too_large'],
  ])('with %s is refused', (_, body, code) => expect(() => parseAddCheckpoint(Buffer.from(body))).toThrow(code));

  it.each(['', '7', '07\n', '-1\n', '7\n7\n', ' 7\n', '9007199254740992\n'])('is not told a size by %j', (body) => expect(() => parseSize(body)).toThrow('witness.malformed'));
  it('is told a size', () => expect(parseSize('7\n')).toBe(7));
  it.each([
    ['', 'note.no_signature'],
    [witnessLine.trimEnd(), 'note.no_signature'],
    [`${witnessLine}\n`, 'note.malformed_signature'],
    [witnessLine.repeat(17), 'note.too_many_signatures'],
    ['<html>\n', 'note.malformed_signature'],
  ])('is not given a cosignature by %j', (body, code) => expect(() => parseSignatures(body)).toThrow(code));
});
