import { describe, expect, it } from 'vitest';
import { HashQueue, type Line } from './hash-queue.js';

/** Work that ends when told to. */
function bench(limits: ConstructorParameters<typeof HashQueue>[0]) {
  const queue = new HashQueue(limits);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const submit = (line: Line, name: string) =>
    queue.run(line, () => {
      started.push(name);
      return new Promise<void>((end) => ends.set(name, end));
    });
  const finish = async (name: string) => {
    await new Promise(setImmediate);
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { submit, started, finish };
}

describe('the line for hashing', () => {
  it('lets a known device pass a hundred strangers after one hash', async () => {
    const { submit, started, finish } = bench({ atOnce: 1, knownPlaces: 4, unknownPlaces: 200 });
    for (let stranger = 0; stranger < 100; stranger++) void submit('unknown', `stranger ${stranger}`);
    void submit('known', 'own phone');
    await finish('stranger 0');
    expect(started).toEqual(['stranger 0', 'own phone']);
  });

  it('does not starve strangers either: the lines take turns', async () => {
    const { submit, started, finish } = bench({ atOnce: 1, knownPlaces: 4, unknownPlaces: 4 });
    for (const name of ['known 0', 'known 1']) void submit('known', name);
    for (const name of ['stranger 0', 'stranger 1']) void submit('unknown', name);
    for (const name of ['known 0', 'stranger 0', 'known 1', 'stranger 1']) await finish(name);
    expect(started).toEqual(['known 0', 'stranger 0', 'known 1', 'stranger 1']);
  });

  it('refuses at its end, and a full line of strangers leaves the known places free', async () => {
    const { submit } = bench({ atOnce: 1, knownPlaces: 1, unknownPlaces: 1 });
    void submit('unknown', 'running');
    void submit('unknown', 'waiting');
    await expect(submit('unknown', 'too many')).rejects.toMatchObject({ code: 'call.too_many', kind: 'busy' });
    void submit('known', 'own phone');
    await expect(submit('known', 'second phone')).rejects.toMatchObject({ code: 'call.too_many' });
  });

  it('goes on after work that failed', async () => {
    const queue = new HashQueue({ atOnce: 1, knownPlaces: 1, unknownPlaces: 1 });
    await expect(queue.run('known', () => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
    await expect(queue.run('known', () => Promise.resolve('hashed'))).resolves.toBe('hashed');
  });
});
