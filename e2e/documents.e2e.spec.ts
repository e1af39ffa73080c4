import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, run, System } from './support/system.js';

let system: System;

beforeAll(async () => {
  system = await System.start(21_700);
});

afterAll(async () => {
  await system?.remove();
});

/** `sh` blocks of a document: what a reader would type, one command a line. */
function commandsIn(document: string): string[] {
  const text = readFileSync(join(checkout, document), 'utf8');
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => block!.split('\n'))
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '');
}

const documents = globSync('{*.md,docs/**/*.md,apps/*/*.md,libs/*/*.md,k8s/*.md}', { cwd: checkout });

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

  it('shows only code that stands in the tree, where it is compiled and run', () => {
    const sources = globSync('{apps,libs}/*/{src,test}/**/*.ts', { cwd: checkout }).map((file) => linesOf(readFileSync(join(checkout, file), 'utf8')));
    let shown = 0;
    for (const document of documents) {
      for (const [, block] of readFileSync(join(checkout, document), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)) {
        shown += 1;
        expect(sources.some((source) => source.includes(linesOf(block!))), `${document} shows code that is nowhere:\n${block}`).toBe(true);
      }
    }
    expect(shown).toBeGreaterThan(0);
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
