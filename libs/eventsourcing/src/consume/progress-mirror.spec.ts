import { describe, expect, it, vi } from 'vitest';
import { ProgressBook } from './progress-book.js';
import { progressMirror } from './progress-mirror.js';
import { startingPoint } from './take-in.js';

const source = 'consent/0';

function mirrored(atWorkHere = false) {
  const book = new ProgressBook();
  const stored = { position: 3, reads: 0 };
  const consumer = { name: 'consents', standing: () => Promise.resolve({ ...startingPoint, position: (stored.reads++, stored.position) }) };
  const polls = { passed: 0 };
  const mirror = progressMirror({ book, consumers: [{ source, consumer }], atWorkHere: () => (polls.passed++, atWorkHere), onTrouble: () => undefined, pollMs: 1, idlePollMs: 1_000_000 });
  return { book, stored, mirror, polls };
}

describe('a replica whose followers run elsewhere', () => {
  it('knows where they stand as soon as it has started', async () => {
    const { book, mirror } = mirrored();
    await mirror.start();
    expect(book.list()).toMatchObject([{ consumer: 'consents', source, position: 3 }]);
    await mirror.stop();
  });

  it('looks often only for what somebody waits for, and answers them', async () => {
    const { book, stored, mirror, polls } = mirrored();
    await mirror.start();
    await vi.waitUntil(() => polls.passed > 10);
    expect(stored.reads).toBe(1);
    const waiting = book.waitFor('consents', source, 4, AbortSignal.timeout(5_000));
    stored.position = 4;
    expect(await waiting).toBe(true);
    await mirror.stop();
  });

  it('never goes back, and leaves the book to those at work in this process', async () => {
    const { book, stored, mirror } = mirrored(true);
    await mirror.start();
    stored.position = 9;
    expect(await book.waitFor('consents', source, 9, AbortSignal.timeout(20))).toBe(false);
    book.adopt([{ ...book.line('consents', source), position: 2, parked: true, parkedReason: 'event.cannot_be_read' }]);
    expect(book.list()).toMatchObject([{ position: 3, parked: true, parkedReason: 'event.cannot_be_read' }]);
    await mirror.stop();
  });
});
