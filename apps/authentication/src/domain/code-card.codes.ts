import type { Ids } from '@tillid/kernel';

export const codesPerCard = 148;

export interface PrintedCode {
  /** 0 to 9999, unique on the card; printed with four digits. */
  readonly number: number;
  /** Six digits. */
  readonly key: string;
}

/** The codes in the order they will be asked for, which is chance itself: numbers come as they were drawn. */
export function drawCodes(ids: Ids): PrintedCode[] {
  const numbers = new Set<number>();
  while (numbers.size < codesPerCard) numbers.add(below(10_000, ids));
  return [...numbers].map((number) => ({ number, key: String(below(1_000_000, ids)).padStart(6, '0') }));
}

/** What goes to the citizen: by number, as on paper. */
export function printed(codes: readonly PrintedCode[]): { number: string; key: string }[] {
  return codes.toSorted((left, right) => left.number - right.number).map(({ number, key }) => ({ number: printedNumber(number), key }));
}

export function printedNumber(number: number): string {
  return String(number).padStart(4, '0');
}

/**
 * The code to type next: the first that was not used. It stays the same until it is used, so that nobody can begin
 * sign-ins until one asks for a code they happen to have seen.
 */
export function nextCode(codes: readonly PrintedCode[], used: readonly number[]): PrintedCode | undefined {
  return codes.find(({ number }) => !used.includes(number));
}

/** The vault's form: 10 characters a code, "0123" and "456789" and so on without a separator. */
export function encodeCodes(codes: readonly PrintedCode[]): string {
  return codes.map(({ number, key }) => printedNumber(number) + key).join('');
}

export function decodeCodes(text: string): PrintedCode[] {
  return Array.from({ length: text.length / 10 }, (_, index) => ({ number: Number(text.slice(index * 10, index * 10 + 4)), key: text.slice(index * 10 + 4, index * 10 + 10) }));
}

/** Every value equally likely: 32 random bits, thrown away when they fall in the last, incomplete lap. */
function below(bound: number, ids: Ids): number {
  const lap = Math.floor(2 ** 32 / bound) * bound;
  for (;;) {
    const drawn = ids.bytes(4).readUInt32BE();
    if (drawn < lap) return drawn % bound;
  }
}
