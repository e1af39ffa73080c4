import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bundlePath, encodeEntries, parseBundle, parseLogPath, tilePath } from './index.js';
import { levelsOf } from './layout.js';

describe('where things lie', () => {
  it('writes numbers in threes', () => {
    expect(tilePath(0, 1234067)).toBe('tile/0/x001/x234/067');
    expect(tilePath(1, 0, 1)).toBe('tile/1/000.p/1');
    expect(bundlePath(1000, 255)).toBe('tile/entries/x001/000.p/255');
  });

  it('reads every path it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        expect(parseLogPath(tilePath(level, index, width))).toEqual({ kind: 'tile', level, index, width });
        expect(parseLogPath(bundlePath(index, width))).toEqual({ kind: 'bundle', index, width });
      }),
    );
  });

  it.each(['tile/00/000', 'tile/64/000', 'tile/0/0000', 'tile/0/00', 'tile/0/x000/001', 'tile/0/001/000', 'tile/0/x001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/01', 'tile/0/000.p', 'tile/-1/000', '/tile/0/000', 'tile/0/000/', 'tile/0/../../log.key', 'tile/0/000\n', 'tile/entries', '', 'checkpoint/', 'tile/0/x009/x007/x199/x254/x740/992'])(
    'does not know %j',
    (path) => expect(parseLogPath(path)).toBeUndefined(),
  );

  it('knows the levels of 70,000 leaves', () => {
    expect(levelsOf(70_000)).toEqual([
      { level: 0, fullTiles: 273, edgeWidth: 112 },
      { level: 1, fullTiles: 1, edgeWidth: 17 },
      { level: 2, fullTiles: 0, edgeWidth: 1 },
    ]);
    expect(levelsOf(256)).toEqual([{ level: 0, fullTiles: 1, edgeWidth: 0 }, { level: 1, fullTiles: 0, edgeWidth: 1 }]);
  });
});

describe('a bundle of entries', () => {
  it('reads back what it was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        expect(parseBundle(encodeEntries(entries), entries.length).map((entry) => Uint8Array.from(entry))).toEqual(entries);
      }),
    );
  });

  it('is refused when it is truncated, too long or has the wrong number of entries', () => {
    const bundle = encodeEntries([Buffer.from('one'), Buffer.from('two')]);
    expect(() => parseBundle(bundle.subarray(0, -1), 2)).toThrow('bundle.truncated');
    expect(() => parseBundle(Buffer.concat([bundle, Buffer.of(0)]), 3)).toThrow('bundle.truncated');
    expect(() => parseBundle(bundle, 1)).toThrow('bundle.too_many_entries');
    expect(() => parseBundle(bundle, 3)).toThrow('bundle.too_few_entries');
    expect(() => encodeEntries([Buffer.alloc(65_536)])).toThrow('entry.too_large');
  });
});
