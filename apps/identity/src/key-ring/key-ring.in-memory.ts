import type { CitizenKeyRecord, CitizenKeyRecords, KeyUseCounts, KeyUses, NewCitizenKeyRecord } from './citizen-key-records.js';

/** The key ring's stores for specs: they pass the same contract as the SQLite ones. */
export class InMemoryCitizenKeyRecords implements CitizenKeyRecords {
  readonly #records = new Map<string, { wrappedKey: Buffer | null; addedAtMs: number; named: boolean }>();
  readonly #numbers = new Map<string, number>();

  async add({ citizenId, wrappedKey, addedAtMs }: NewCitizenKeyRecord): Promise<void> {
    if (this.#records.has(citizenId)) throw new Error('the citizen has a key already');
    this.#records.set(citizenId, { wrappedKey, addedAtMs, named: false });
  }

  async get(citizenId: string): Promise<CitizenKeyRecord | undefined> {
    const record = this.#records.get(citizenId);
    return record && { wrappedKey: record.wrappedKey };
  }

  async markNamed(citizenIds: readonly string[]): Promise<void> {
    for (const citizenId of citizenIds) {
      const record = this.#records.get(citizenId);
      if (record) record.named = true;
    }
  }

  async unnamed(addedBeforeMs: number, limit: number): Promise<string[]> {
    const waiting = [...this.#records].filter(([, { named, addedAtMs }]) => !named && addedAtMs < addedBeforeMs);
    return waiting.sort(([, left], [, right]) => left.addedAtMs - right.addedAtMs).slice(0, limit).map(([citizenId]) => citizenId);
  }

  async remove(citizenIds: readonly string[]): Promise<void> {
    for (const citizenId of citizenIds) this.#records.delete(citizenId);
  }

  async destroy(citizenId: string): Promise<void> {
    const record = this.#records.get(citizenId);
    if (record) Object.assign(record, { wrappedKey: null, named: true });
  }

  async page(afterCitizenId: string, limit: number): Promise<{ citizenId: string; wrappedKey: Buffer }[]> {
    const live = [...this.#records].flatMap(([citizenId, { wrappedKey }]) => (wrappedKey && citizenId > afterCitizenId ? [{ citizenId, wrappedKey }] : []));
    return live.sort((left, right) => (left.citizenId < right.citizenId ? -1 : 1)).slice(0, limit);
  }

  async rewrap(rows: readonly { citizenId: string; from: Buffer; to: Buffer }[]): Promise<void> {
    for (const { citizenId, from, to } of rows) {
      const record = this.#records.get(citizenId);
      if (record?.wrappedKey?.equals(from)) record.wrappedKey = to;
    }
  }

  async number(name: string): Promise<number | undefined> {
    return this.#numbers.get(name);
  }

  async setNumber(name: string, value: number): Promise<void> {
    this.#numbers.set(name, value);
  }

  async close(): Promise<void> {}
}

export class InMemoryKeyUseCounts implements KeyUseCounts {
  readonly #uses = new Map<string, KeyUses>();

  async add(uses: readonly KeyUses[]): Promise<void> {
    for (const use of uses) {
      const count = use.count + (this.#uses.get(nameOf(use))?.count ?? 0);
      this.#uses.set(nameOf(use), { ...use, count });
    }
  }

  async before(day: string, limit: number): Promise<KeyUses[]> {
    const over = [...this.#uses.values()].filter((use) => use.day < day);
    return over.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1)).slice(0, limit);
  }

  async remove(uses: readonly Omit<KeyUses, 'count'>[]): Promise<void> {
    for (const use of uses) this.#uses.delete(nameOf(use));
  }

  async writeDecoy(): Promise<void> {}
}

function nameOf({ day, citizenId, service }: Omit<KeyUses, 'count'>): string {
  return [day, citizenId, service].join(' ');
}
