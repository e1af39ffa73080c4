// The table of docs/trust.md from the kinds that e2e/tamper tries: `node tools/trust-doc.mjs` writes it, `--check` (in lint) fails when it is not what they are.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../e2e/tamper/kinds.ts';

const path = join(import.meta.dirname, '../docs/trust.md');
const [begin, end] = ['<!-- tampering: node tools/trust-doc.mjs -->', '<!-- /tampering -->'];
const line = (cells) => `| ${cells.join(' | ')} |`;
const rows = kinds.map(({ id, who, what, finder, says, when }) => line([id, who, what, finder, `\`${says}\``, when]));
const table = [line(['', 'who', 'does what', 'who finds it', 'and says', 'how fast']), line(Array(6).fill('---')), ...rows].join('\n');

const document = readFileSync(path, 'utf8');
const [before, rest] = document.split(begin);
const after = rest?.split(end)[1];
if (after === undefined) throw new Error(`${path} has no place for the table`);
const written = `${before}${begin}\n${table}\n${end}${after}`;
if (!process.argv.includes('--check')) writeFileSync(path, written);
else if (document !== written) {
  process.stderr.write('docs/trust.md is not what is tried; run: node tools/trust-doc.mjs\n');
  process.exit(1);
}
