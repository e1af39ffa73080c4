import type { IndexValue } from './read-model.js';

/**
 * Documents are plain JSON, written with keys in order: the same document is the same text in every adapter, so that
 * digests compare. What JSON would change on the way (a Date, bytes, NaN) is refused instead of changed.
 */
export function encodeDocument(document: object): string {
  return canonical(document, '');
}

export function decodeDocument<Document extends object>(text: string): Document {
  return JSON.parse(text) as Document;
}

function canonical(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item, index) => canonical(item, `${path}[${index}]`)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) {
    let fields = '';
    for (const name of Object.keys(value).sort()) {
      const field: unknown = value[name];
      if (field !== undefined) fields += `${fields === '' ? '' : ','}${JSON.stringify(name)}:${canonical(field, `${path}.${name}`)}`;
    }
    return `{${fields}}`;
  }
  throw new TypeError(`a read model's document is plain JSON; ${path || 'it'} is not`);
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Index order, the same in every adapter: numbers before strings, strings by their UTF-8 bytes. */
export function compareIndexValues(left: readonly IndexValue[], right: readonly IndexValue[]): number {
  for (let column = 0; column < Math.min(left.length, right.length); column++) {
    const order = compareIndexValue(left[column]!, right[column]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareIndexValue(left: IndexValue, right: IndexValue): number {
  if (typeof left === 'number') return typeof right === 'number' ? left - right : -1;
  return typeof right === 'number' ? 1 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}
