import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundlePath, encodeEntries, InMemoryLog, noteSigner, parseBundle, parseCheckpoint } from '@tillid/transparency';

/** Copies of the system's log, each touched in one way an auditor must find. Each is in a folder of its own. */
export function touchedLogs(data: string, logFolder: string): readonly { readonly how: string; readonly folder: string }[] {
  const { origin, size } = parseCheckpoint(readFileSync(join(logFolder, 'checkpoint'), 'utf8').split('\n\n')[0]!.concat('\n'));
  const seed = readFileSync(join(data, 'audit/secrets/log-signing.key'));
  const paths = readdirSync(logFolder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(logFolder.length + 1));
  const entries = Array.from({ length: Math.ceil(size / 256) }, (_, index) => {
    const width = Math.min(256, size - index * 256);
    return parseBundle(readFileSync(join(logFolder, bundlePath(index, width))), width);
  }).flat();
  const [at, next] = [entries[20]!, entries[21]!];
  const firstBundle = bundlePath(0, Math.min(256, size));
  const inFirstBundle = (change: (bundle: Uint8Array[]) => Uint8Array[]) => (folder: string) => writeFileSync(join(folder, firstBundle), encodeEntries(change(entries.slice(0, 256))));
  const signedAnew = (leaves: readonly Uint8Array[], by = seed) => (folder: string) => {
    rmSync(folder, { recursive: true });
    const log = new InMemoryLog(noteSigner(origin, by));
    log.append(leaves);
    for (const [path, bytes] of log.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
  };
  const touches: Readonly<Record<string, (folder: string) => void>> = {
    ...Object.fromEntries(paths.map((path) => [`a flipped byte in ${path}`, (folder: string) => flip(join(folder, path))])),
    'an entry removed': inFirstBundle((bundle) => bundle.toSpliced(20, 1)),
    'two entries swapped': inFirstBundle((bundle) => bundle.with(20, next).with(21, at)),
    'an entry repeated': inFirstBundle((bundle) => bundle.with(21, at)),
    'an entry truncated': inFirstBundle((bundle) => bundle.with(20, at.subarray(0, 30))),
    'a tile truncated': (folder) => truncateSync(join(folder, paths.find((path) => path.startsWith('tile/0/'))!), 40),
    'a checkpoint signed by another key': signedAnew(entries, Buffer.alloc(32, 8)),
    'a tree that shrank': signedAnew(entries.slice(0, -1)),
    'a tree that forked': signedAnew([...entries.toSpliced(20, 1), at]),
  };
  return Object.entries(touches).map(([how, touch], index) => {
    const folder = join(data, 'touched', String(index));
    cpSync(logFolder, folder, { recursive: true });
    touch(folder);
    return { how, folder };
  });
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}
