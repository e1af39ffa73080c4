import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, run, System } from './support/system.js';

let system: System;

beforeAll(async () => {
  system = await System.start(21_700);
});

afterAll(async () => {
  await system?.remove();
});

const documents = globSync('{*.md,docs/**/*.md,{apps,libs}/*/*.md,k8s/*.md}', { cwd: checkout });

function blocksIn(document: string, language: string): string[] {
  const text = readFileSync(join(checkout, document), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block!);
}

/** `sh` blocks of a document: what a reader would type, one command a line. */
function commandsIn(document: string): string[] {
  return blocksIn(document, 'sh')
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** Without indentation and empty lines: an excerpt may stand deeper in its file. */
function linesOf(code: string): string {
  return code.split('\n').map((line) => line.trim()).filter((line) => line !== '').join('\n');
}

describe('what the documents tell a reader to type', () => {
  for (const document of ['README.md', 'apps/tillid/README.md', 'apps/auditor/README.md']) {
    it(`works: ${document}`, async () => {
      const commands = commandsIn(document).filter((line) => line.startsWith('npx tillid'));
      expect(commands.length, `${document} shows no command`).toBeGreaterThan(0);
      for (const line of commands) {
        const { code, stdout, stderr } = await run('bash', ['-c', `${line} --data ${system.data}`], checkout);
        expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
      }
    });
  }

  it('is, elsewhere, what CI runs: a script of the package or a file of tools', () => {
    const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const others = documents.flatMap(commandsIn).filter((line) => !line.startsWith('npx tillid'));
    expect(others).toContain('npm run lint');
    const unknown = others.filter((line) => {
      const [, script, file] = /^(?:npm run (\S+)|node (\S+\.mjs).*)$/.exec(line) ?? [];
      return !(script && script in scripts) && !(file && existsSync(join(checkout, file)));
    });
    expect(unknown).toEqual([]);
  });

  it('is, in TypeScript, code that stands in the tree, where it is compiled and run', () => {
    const sources = globSync('{apps,libs}/*/{src,test}/**/*.ts', { cwd: checkout }).map((file) => linesOf(readFileSync(join(checkout, file), 'utf8')));
    const blocks = documents.flatMap((document) => blocksIn(document, 'ts'));
    expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter((block) => !sources.some((source) => source.includes(linesOf(block))))).toEqual([]);
  });

  it('names only files that are there', () => {
    const broken: string[] = [];
    for (const document of documents) {
      const text = readFileSync(join(checkout, document), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        if (globSync(join(document, '..', target!), { cwd: checkout }).length === 0) broken.push(`${document} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

describe('SECURITY.md', () => {
  it('names every secret and every store that an installation has on its disk', () => {
    const text = readFileSync(join(checkout, 'SECURITY.md'), 'utf8');
    const files = globSync(['*/secrets/*', '*/*.sqlite'], { cwd: system.data });
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => !text.includes(basename(file)))).toEqual([]);
  });
});
