import { bundlePath, leavesPerHash, parseLogPath, tilePath, tileWidth } from './layout.js';
import type { LogFiles } from './log-files.js';
import type { FindingList } from './finding-list.js';
import { bundlePrefix } from './entry-bundle.js';
import { hashBytes } from './hash.js';

/**
 * What lies in the folder besides the files of this tree: partial tiles of earlier checkpoints must be the beginning
 * of the tile in use (whoever holds an old checkpoint still reads them); files past the checkpoint are being written.
 */
export async function verifyLeftovers(files: LogFiles, paths: AsyncIterable<string> | Iterable<string>, size: number, entries: boolean, findings: FindingList): Promise<void> {
  for await (const path of paths) {
    const place = parseLogPath(path);
    if (place === undefined) {
      findings.add({ code: 'file.unexpected', path, detail: 'no file of a log has this name' });
      continue;
    }
    // How keys changed is for who follows them.
    if (place.kind === 'checkpoint' || place.kind === 'key' || (place.kind === 'bundle' && !entries)) continue;
    const hashesAtLevel = place.kind === 'bundle' ? size : Math.floor(size / leavesPerHash(place.level));
    const widthInUse = Math.min(tileWidth, hashesAtLevel - place.index * tileWidth);
    if (widthInUse <= 0 || widthInUse === place.width) continue;
    const pathOf = (width: number) => (place.kind === 'bundle' ? bundlePath(place.index, width) : tilePath(place.level, place.index, width));
    const inUse = (await files.read(pathOf(widthInUse))) ?? (await files.read(pathOf(tileWidth)));
    const leftover = await files.read(path);
    // Gone since it was listed: a running log deletes partial tiles. A tile in use that is missing is found elsewhere.
    if (leftover === undefined || inUse === undefined) continue;
    const width = Math.min(place.width, widthInUse);
    const beginning = (bytes: Uint8Array) => (place.kind === 'bundle' ? bundlePrefix(bytes, width) : bytes.subarray(0, width * hashBytes));
    const [old, current] = [beginning(leftover), beginning(inUse)];
    const whole = place.kind === 'bundle' ? bundlePrefix(leftover, place.width)?.length === leftover.length : leftover.length === place.width * hashBytes;
    if (!whole || old === undefined || current === undefined || Buffer.compare(old, current) !== 0) {
      findings.add({ code: 'stale.mismatch', path, detail: 'is not the beginning of the file in use' });
    }
  }
}
