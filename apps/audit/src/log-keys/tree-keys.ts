import type { NoteSigner, NoteVerifier } from '@tillid/transparency';

/** Who signs which tree. */
export interface TreeKeys {
  /** All that may have signed what is on record. */
  readonly verifiers: readonly NoteVerifier[];
  /** Hears of what was announced since. */
  learn(): Promise<void>;
  /** Of a tree of `size` leaves that continues the signed one of `signedSize`. Throws WillNotSign without the key that is due. */
  signersOf(size: number, signedSize: number): Promise<TreeSigners>;
  /** A tree of so many leaves is signed, and on record. */
  signed(size: number): Promise<void>;
}

export interface TreeSigners {
  /** The key in force last; before it those that sign beside it. */
  readonly signers: readonly NoteSigner[];
  /** Leaves of this tree, and of none before, in which a key names the next. */
  readonly changedAt: readonly number[];
}

/** A log whose key never changes. */
export function oneKey({ signer, verifier }: { readonly signer: NoteSigner; readonly verifier: NoteVerifier }): TreeKeys {
  return { verifiers: [verifier], learn: () => Promise.resolve(), signersOf: () => Promise.resolve({ signers: [signer], changedAt: [] }), signed: () => Promise.resolve() };
}
