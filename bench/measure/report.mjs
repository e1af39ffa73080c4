import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from './machine.mjs';

const path = join(import.meta.dirname, '../../docs/benchmarks.md');
const opening = `# Benchmarks

Written by \`npm run bench -- append|sign-in|ingest|events|relay|own-logs|verify|replay|report\`; each section names the machine and the day. Absolute numbers are
the machine's; ratios are measured in one run, in pairs, and are what to compare.
`;

/** Puts a bench's section in docs/benchmarks.md in the place of its last one, and on the screen. */
export function report(name, text, title = name) {
  const section = `<!-- ${name} -->\n## ${title}\n\n${new Date().toISOString().slice(0, 10)}, ${machine()}\n\n${text.trim()}\n<!-- /${name} -->\n`;
  const document = existsSync(path) ? readFileSync(path, 'utf8') : opening;
  const old = new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->\n`);
  writeFileSync(path, old.test(document) ? document.replace(old, () => section) : `${document}\n${section}`);
  process.stdout.write(`${section}\n`);
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
