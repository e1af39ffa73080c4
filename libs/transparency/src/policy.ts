import { parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { openNote } from './note.js';
import { cosignatureSeconds, isSameKey, isUncheckedVkey, parseCosignerVkey, parseVkey, publicKeyOf, type NoteVerifier } from './note-key.js';
import { decodeUtf8, hasControlCharacter, parseDecimal } from './text.js';
import { refuse } from './transparency.refusals.js';

/** C2SP tlog-policy: which logs are accepted, and who must have seen a checkpoint. */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** Name of a witness or group; undefined when none is needed. */
  readonly quorum: string | undefined;
}

export interface PolicyLog {
  readonly key: NoteVerifier;
  readonly url: string | undefined;
}

export interface PolicyWitness {
  /** Known in this policy only; the name it signs under is its key's. */
  readonly name: string;
  readonly key: NoteVerifier;
  /** Submission prefix. */
  readonly url: string | undefined;
}

interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

export interface PolicyVerdict {
  readonly checkpoint: Checkpoint;
  /** Witnesses of the policy that cosigned it, by their names in the policy, and when. */
  readonly cosigned: readonly { readonly witness: string; readonly seconds: number }[];
  readonly quorum: boolean;
}

export const policyLimits = { maxBytes: 64 * 1024, maxOfEach: 64 } as const;

/**
 * A name must stand before the line that uses it, so there is no circle; it is a member once, so nobody counts twice. A log or a
 * witness whose key is ML-DSA-44 (0x06) is read and never counts: its name may be used, and whatever needs it is not met.
 */
export function parsePolicy(bytes: Uint8Array | string): Policy {
  if (bytes.length > policyLimits.maxBytes) throw refuse('policy.too_large');
  const text = typeof bytes === 'string' ? bytes : decodeUtf8(bytes);
  if (text === undefined) throw refuse('note.not_utf8');
  if (hasControlCharacter(text.replaceAll('\t', ' ')) || !text.endsWith('\n')) throw refuse('policy.malformed');
  const reader = new PolicyReader();
  for (const line of text.split('\n')) reader.line(line.split(/[ \t]+/).filter((word) => word !== ''));
  return reader.policy();
}

/** Whether these witnesses, by their names in the policy, are enough. */
export function quorumMet({ groups, quorum }: Policy, cosigned: Iterable<string>): boolean {
  if (quorum === undefined) return true;
  const seen = new Set(cosigned);
  for (const { name, threshold, members } of groups) if (members.filter((member) => seen.has(member)).length >= threshold) seen.add(name);
  return seen.has(quorum);
}

/**
 * A checkpoint of one of the policy's logs, and who of its witnesses saw it. Refused when no log of the policy signed it,
 * or when a signature of a known key is wrong; signatures of unknown keys and algorithms are ignored.
 */
export function checkByPolicy(note: Uint8Array | string, policy: Policy): PolicyVerdict {
  const witnesses = policy.witnesses.map(({ key }) => key);
  const { text, signatures } = openNote(note, [...policy.logs.map(({ key }) => key), ...witnesses]);
  const signedBy = (key: NoteVerifier) => signatures.find((signature) => isSameKey(signature, key));
  const checkpoint = parseCheckpoint(text);
  if (!policy.logs.some(({ key }) => key.name === checkpoint.origin && signedBy(key))) throw refuse('policy.unknown_log');
  const cosigned = policy.witnesses.flatMap(({ name, key }) => {
    const found = signedBy(key);
    return found ? [{ witness: name, seconds: cosignatureSeconds(found.signature) }] : [];
  });
  return { checkpoint, cosigned, quorum: quorumMet(policy, cosigned.map(({ witness }) => witness)) };
}

export function requireByPolicy(note: Uint8Array | string, policy: Policy): PolicyVerdict {
  const verdict = checkByPolicy(note, policy);
  if (!verdict.quorum) throw refuse('policy.no_quorum');
  return verdict;
}

const none = 'none';

class PolicyReader {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  readonly #keys = new Set<string>();
  #quorum: string | undefined;

  line(words: readonly string[]): void {
    const [kind, ...rest] = words;
    if (kind === undefined || kind.startsWith('#')) return;
    if (kind === 'log') this.#log(rest);
    else if (kind === 'witness') this.#witness(rest);
    else if (kind === 'group') this.#group(rest);
    else if (kind === 'quorum') this.#quorumLine(rest);
    else throw refuse('policy.malformed');
    if ([this.#logs, this.#witnesses, this.#groups].some(({ length }) => length > policyLimits.maxOfEach)) throw refuse('policy.too_large');
  }

  policy(): Policy {
    if (this.#quorum === undefined) throw refuse('policy.one_quorum');
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum === none ? undefined : this.#quorum };
  }

  #log([vkey, url, ...more]: readonly string[]): void {
    if (vkey === undefined || more.length > 0) throw refuse('policy.malformed');
    if (!isUncheckedVkey(vkey)) this.#logs.push({ key: parseVkey(vkey), url });
    this.#key(vkey);
  }

  #witness([name, vkey, url, ...more]: readonly string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0) throw refuse('policy.malformed');
    if (!isUncheckedVkey(vkey)) this.#witnesses.push({ name, key: parseCosignerVkey(vkey), url });
    this.#key(vkey);
    this.#define(name);
  }

  #group([name, wanted, ...members]: readonly string[]): void {
    if (name === undefined || wanted === undefined || members.length === 0) throw refuse('policy.malformed');
    for (const member of members) {
      this.#known(member);
      if (this.#members.has(member)) throw refuse('policy.member_twice');
      this.#members.add(member);
    }
    const threshold = wanted === 'any' ? 1 : wanted === 'all' ? members.length : parseDecimal(wanted);
    if (threshold === undefined || threshold < 1 || threshold > members.length) throw refuse('policy.threshold');
    this.#groups.push({ name, threshold, members });
    this.#define(name);
  }

  #quorumLine([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) throw refuse('policy.malformed');
    if (this.#quorum !== undefined) throw refuse('policy.one_quorum');
    if (name !== none) this.#known(name);
    this.#quorum = name;
  }

  #define(name: string): void {
    if (name === none || this.#names.has(name)) throw refuse('policy.name_taken');
    this.#names.add(name);
  }

  #known(name: string): void {
    if (!this.#names.has(name)) throw refuse('policy.name_unknown');
  }

  #key(vkey: string): void {
    const key = publicKeyOf(vkey);
    if (this.#keys.has(key)) throw refuse('policy.key_twice');
    this.#keys.add(key);
  }
}
