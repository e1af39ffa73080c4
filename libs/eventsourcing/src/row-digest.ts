import { decodeDocument } from './document.js';
import { indexKey } from './index-key.js';
import type { ReadModel } from './read-model.js';

/**
 * A row's part of its read model's digest: key and document. Its index keys follow from the document; one that does not
 * is named, for whoever moves a row in an index takes it off the page it stood on. `hasKey`: whether this one is stored.
 */
export function rowDigestText<Document extends object>({ indexes }: Pick<ReadModel<Document>, 'indexes'>, key: string, text: string, hasKey: (index: string, key: Buffer) => boolean): string {
  const names = Object.keys(indexes);
  if (names.length === 0) return `${JSON.stringify(key)}:${text}\n`;
  const document = documentIn<Document>(text);
  const misplaced = names.filter((index) => {
    const due = document ? keyOf(indexes[index]!, document) : undefined;
    return due === undefined || !hasKey(index, due);
  });
  return `${JSON.stringify(key)}:${text}\n${misplaced.map((index) => `misplaced in ${index}\n`).join('')}`;
}

/** Undefined where what was written is no document of this model. */
function keyOf<Document extends object>(valueOf: ReadModel<Document>['indexes'][string], document: Document): Buffer | undefined {
  try {
    return indexKey(valueOf(document));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function documentIn<Document extends object>(text: string): Document | undefined {
  try {
    return decodeDocument<Document>(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
