import { refuse } from './transparency.refusals.js';

/** A decimal without sign or leading zeroes, at most 2^53 - 1. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Standard base64 with padding, and only the one way of writing each value: else two texts would be one proof. */
export function parseBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw refuse('base64.not_canonical');
  return bytes;
}

/** Bytes as text, byte for byte the same when written again; undefined when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function requireSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw refuse('size.not_safe');
}

/** Below U+0020, a newline left out. */
export function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 0x0a) return true;
  }
  return false;
}
