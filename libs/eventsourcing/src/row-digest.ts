import { decodeDocument } from './document.js';
import { indexKey } from './index-key.js';
import type { ReadModel } from './read-model.js';

/**
 * A row's part of its read model's digest: key and document. Its index keys follow from the document; one that does not
 * is named, for whoever moves a row in an index takes it off the page it stood on. `hasKey`: whether this one is stored.
 */
export function rowDigestText<Document extends object>({ indexes }: Pick<ReadModel<Document>, 'indexes'>, key: string, text: string, hasKey: (index: string, key: Buffer) => boolean): string {
  const misplaced = Object.entries(indexes).filter(([index, valueOf]) => {
    const due = keyOf(valueOf, text);
    return due === undefined || !hasKey(index, due);
  });
  return `${JSON.stringify(key)}:${text}\n${misplaced.map(([index]) => `misplaced in ${index}\n`).join('')}`;
}

/** Undefined where what was written is no document of this model. */
function keyOf<Document extends object>(valueOf: ReadModel<Document>['indexes'][string], text: string): Buffer | undefined {
  try {
    return indexKey(valueOf(decodeDocument<Document>(text)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
