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

  it('names only files that are there', () => {
    const broken: string[] = [];
    for (const document of globSync('{*.md,docs/**/*.md,apps/*/*.md,libs/*/*.md,k8s/*.md}', { cwd: checkout })) {
      const text = readFileSync(join(checkout, document), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        if (globSync(join(document, '..', target!), { cwd: checkout }).length === 0) broken.push(`${document} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});
