/** What a unique index refused of an ordered insert. */
export interface DuplicateKey {
  /** Everything before it is stored, nothing from it on is. */
  readonly index: number;
  /** The field whose index refused it; undefined when the error does not say, and the stored documents must be asked. */
  readonly field: string | undefined;
}

interface WriteError {
  readonly index?: unknown;
  readonly code?: unknown;
  readonly errmsg?: unknown;
  readonly keyPattern?: unknown;
  readonly err?: { readonly keyPattern?: unknown };
}

const duplicateKeyCode = 11_000;

/** A unique index refused the document: nothing was written, and that is certain. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === duplicateKeyCode;
}

/**
 * Undefined for anything but a plain duplicate: one refused document, and no word about a majority that was not
 * reached. Whoever gets undefined knows nothing of what is stored.
 */
export function plainDuplicateKey(error: unknown): DuplicateKey | undefined {
  if (!isDuplicateKey(error)) return undefined;
  const { writeErrors, result } = error as { writeErrors?: readonly WriteError[]; result?: { getWriteConcernError?: () => unknown } };
  const refused = writeErrors?.[0];
  if (!refused || writeErrors.length !== 1 || refused.code !== duplicateKeyCode || typeof refused.index !== 'number') return undefined;
  if (result?.getWriteConcernError?.()) return undefined;
  return { index: refused.index, field: fieldOf(refused) };
}

/** MongoDB names the key pattern; driver 7.8 drops it from the errors of a batch, and then the message names the index. */
function fieldOf({ keyPattern, err, errmsg }: WriteError): string | undefined {
  const pattern = keyPattern ?? err?.keyPattern;
  if (typeof pattern === 'object' && pattern !== null) return Object.keys(pattern)[0];
  const name = typeof errmsg === 'string' ? / index: (\S+) (?:collation: .* )?dup key: /.exec(errmsg)?.[1] : undefined;
  return name === '_id_' ? '_id' : name;
}
