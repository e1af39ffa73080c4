import { randomBytes } from 'node:crypto';
import { bundlePath, checkInclusion, checkpointPath, edgeRoot, emptyEdge, growEdge, leafHash, leafHashInto, noteSigner, parseBundle, parseVkey, proveInclusion, signCheckpoint, subtreeRootsFrom, verifyLog, vkeyOf } from '@tillid/transparency';
import { median, perSecond, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';

const leaves = 256 * 1000;
const entryBytes = 327;
const rounds = 7;
const proofs = 20_000;
const origin = 'bench.example/log';
const seed = Buffer.alloc(32, 3);
const [signer, key] = [noteSigner(origin, seed), parseVkey(vkeyOf(origin, seed))];

/** What it costs to look at everything beside what nobody can save: one hash of each entry. In memory: disks and networks are not what is measured. */
export async function run() {
  const log = grown();
  const files = { read: async (path) => log.get(path) };
  await verifyLog(files, key, { entries: true });
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const bare = await timed(() => hashBare(log));
    const full = await timed(() => verifyLog(files, key, { entries: true }));
    if (!full.result.holds) throw new Error('it does not hold');
    pairs.push({ bare, full });
  }
  const roots = subtreeRootsFrom(files, leaves);
  const places = Array.from({ length: proofs }, () => Math.floor(Math.random() * leaves));
  const made = await timed(async () => {
    const paths = [];
    for (const place of places) paths.push(await proveInclusion(place, leaves, roots));
    return paths;
  });
  const { root } = log;
  const hashes = places.map((place) => leafHash(entryAt(log, place)));
  const checked = await timed(() => places.forEach((place, index) => checkInclusion(hashes[index], place, leaves, root, made.result[index])));
  report('verify', text(pairs, made, checked));
}

function grown() {
  const log = new Map();
  let edge = emptyEdge;
  while (edge.size < leaves) {
    const growth = growEdge(edge, Array.from({ length: 256 }, () => randomBytes(entryBytes)));
    for (const { path, bytes } of [...growth.bundles, ...growth.tiles]) log.set(path, Buffer.from(bytes));
    edge = growth.edge;
  }
  log.root = edgeRoot(edge);
  log.set(checkpointPath, Buffer.from(signCheckpoint({ origin, size: edge.size, root: log.root }, [signer])));
  return log;
}

function hashBare(log) {
  const hashes = Buffer.allocUnsafe(256 * 32);
  for (let index = 0; index < leaves / 256; index++) parseBundle(log.get(bundlePath(index)), 256).forEach((entry, place) => leafHashInto(hashes, place * 32, entry));
}

function entryAt(log, place) {
  return parseBundle(log.get(bundlePath(place >> 8)), 256)[place & 255];
}

function text(pairs, made, checked) {
  const ratios = pairs.map(({ bare, full }) => (bare.ms / full.ms) * 100);
  const reached = median(ratios) >= 50 ? 'reached' : 'NOT reached';
  return `
\`verifyLog\` with entries: **${whole(median(ratios))} %** of bare leaf hashing (target 50 %: ${reached}). ${whole(leaves)} entries of ${entryBytes} bytes in memory, ${rounds} pairs, median;
pairs: ${ratios.map((ratio) => `${whole(ratio)} %`).join(', ')}. Bare: every bundle taken apart and every entry hashed, nothing compared. The whole look hashes every tile too, and compares each with what stands above it.

${table(['', 'a second', 'CPU-ms each'], [
    ['entries verified', ...rateOf(pairs.map(({ full }) => full))],
    ['entries hashed bare', ...rateOf(pairs.map(({ bare }) => bare))],
    ['inclusion proofs made, at any place', whole(perSecond(proofs, made.ms)), short(made.cpuMs / proofs)],
    ['inclusion proofs checked', whole(perSecond(proofs, checked.ms)), short(checked.cpuMs / proofs)],
  ])}
`;
}

function rateOf(runs) {
  return [whole(perSecond(leaves, median(runs.map(({ ms }) => ms)))), short(median(runs.map(({ cpuMs }) => cpuMs)) / leaves)];
}
