// docs/config.md from the words beside each setting, so that it says what the programs read. Needs the build.
// node tools/config-docs.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configRows, serviceNames, serviceSettings } from '@tillid/runtime';

const root = join(import.meta.dirname, '..');
const file = join(root, 'docs/config.md');
const own = async (name) => {
  const { [`${name}Config`]: settings } = await import(`../apps/${name}/dist/${name}.config.js`);
  return Object.fromEntries(Object.entries(settings).filter(([setting]) => !(setting in serviceSettings)));
};

const parts = ['# Settings', '', 'Read once at start from the environment; `tillid up` sets those without a default. Written by `node tools/config-docs.mjs`.', '', '## Every service', '', configRows(serviceSettings)];
for (const name of serviceNames) parts.push(`## ${name}`, '', configRows(await own(name)));
const wanted = `${parts.join('\n').trimEnd()}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, wanted);
else if (readFileSync(file, 'utf8') !== wanted) {
  console.log('docs/config.md is not what the settings say: run `node tools/config-docs.mjs`');
  process.exit(1);
}
