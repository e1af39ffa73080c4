import { parseVkey, publicKeyOf, type NoteSigner, type NoteVerifier } from './note-key.js';
import { refuse } from './transparency.refusals.js';

/** One key of a log names the one that signs after it. */
export interface KeyChange {
  /** The key in force until now, as it is published. */
  readonly vkey: string;
  readonly nextVkey: string;
  /** Until then both sign, in Unix milliseconds. */
  readonly bothUntilMs: number;
  /** By the key in force. */
  readonly signature: Uint8Array;
  /** By the next: whoever announces a key has it. */
  readonly possession: Uint8Array;
}

export interface OpenedKeyChange {
  readonly key: NoteVerifier;
  readonly next: NoteVerifier;
}

/** The exact bytes both keys sign. No checkpoint begins so: its second line is a number, and this one a vkey. */
export function keyChangeText({ vkey, nextVkey, bothUntilMs }: Pick<KeyChange, 'vkey' | 'nextVkey' | 'bothUntilMs'>): Buffer {
  return Buffer.from(`tillid-log-key/v1\n${vkey}\n${nextVkey}\n${bothUntilMs}\n`, 'utf8');
}

/** Of two keys under one name: `key` in force, `next` to come. */
export function signKeyChange(change: Pick<KeyChange, 'vkey' | 'nextVkey' | 'bothUntilMs'>, key: NoteSigner, next: NoteSigner): KeyChange {
  const text = keyChangeText(change);
  return { ...change, signature: key.sign(text), possession: next.sign(text) };
}

/**
 * The two keys, once both have signed that the one follows the other. Throws Refused for anything else. It says nothing
 * about whether the change stands in the log, nor whether the key was in force: a thief of an old key can sign one too.
 * `known`: what the first key, or the next, must be; another one could be made with its name and id.
 */
export function openKeyChange(change: KeyChange, known: Partial<OpenedKeyChange> = {}): OpenedKeyChange {
  const { vkey, nextVkey, bothUntilMs, signature, possession } = change;
  if (vkey.endsWith('\n') || nextVkey.endsWith('\n') || !Number.isSafeInteger(bothUntilMs) || bothUntilMs < 0) throw refuse('key_change.malformed');
  const [named, namedNext] = [parseVkey(vkey), parseVkey(nextVkey)];
  const { key = named, next = namedNext } = known;
  // Signatures are told apart by name and id: two keys that share both could not be.
  if (key.name !== named.name || key.keyId !== named.keyId) throw refuse('key_change.not_signed');
  if (next.name !== namedNext.name || next.keyId !== namedNext.keyId) throw refuse('key_change.not_possessed');
  if (key.name !== next.name || key.keyId === next.keyId || publicKeyOf(vkey) === publicKeyOf(nextVkey)) throw refuse('key_change.malformed');
  const text = keyChangeText(change);
  if (!key.verify(text, signature)) throw refuse('key_change.not_signed');
  if (!next.verify(text, possession)) throw refuse('key_change.not_possessed');
  return { key, next };
}
