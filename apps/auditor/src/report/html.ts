/** Markup, as opposed to text that has yet to be escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

/** `html\`<td>${name}</td>\``: whatever is put in is escaped, unless it is markup itself. Arrays are joined. */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  return new Markup(strings.reduce((text, string, index) => `${text}${pieceText(values[index - 1])}${string}`));
}

type Piece = Markup | string | number | readonly Piece[] | undefined;

function pieceText(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(pieceText).join('');
  return escape(String(piece));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A name is its registrant's to choose: also what turns the reading direction or writes nothing is shown as what it is. */
function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
