import { once } from 'node:events';

/** Exit codes: 0 it holds, 1 found something wrong, 2 could not look. Set before anything is printed: a reader may hang up. */
export function finish(holds: boolean): void {
  process.exitCode = holds ? 0 : 1;
}

/** Waits while the reader is slow: a replay is longer than any memory. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/**
 * Lines for people. What a log says of itself, file names and sources included, is its operator's: a control character
 * in it could write a verdict of its own on the terminal.
 */
export function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)}\n`).join('');
}

/** Bytes as base64. */
export function asJson(value: unknown): string {
  return `${JSON.stringify(value, function replace(this: Record<string, unknown>, name, field: unknown) {
    // A Buffer has turned itself into an object of numbers before it gets here; its holder still has it.
    const original = this[name];
    return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : field;
  })}\n`;
}
