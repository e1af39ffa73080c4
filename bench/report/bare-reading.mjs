// What nobody can save: every bundle read, taken apart, and every entry hashed once. In a process of its own, as the report is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundlePath, leafHash, parseBundle, parseCheckpoint, tileWidth } from '../../libs/transparency/dist/index.js';

const folder = process.argv[2];
const { size } = parseCheckpoint(`${readFileSync(join(folder, 'checkpoint'), 'utf8').split('\n\n')[0]}\n`);
let hashed = 0;
for (let first = 0; first < size; first += tileWidth) {
  const width = Math.min(tileWidth, size - first);
  for (const entry of parseBundle(readFileSync(join(folder, bundlePath(first / tileWidth, width))), width)) hashed += leafHash(entry).length / 32;
}
process.stdout.write(`${JSON.stringify({ hashed })}\n`);
