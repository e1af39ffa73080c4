import type { ReadModelTable } from '@tillid/eventsourcing';
import { clients, type ClientDocument } from './clients.read-model.js';
import type { ClosedCitizenDocument } from './closed-citizens.read-model.js';
import { subjects, type SubjectDocument } from './subjects.read-model.js';

export interface KnownTables {
  readonly subjects: ReadModelTable<SubjectDocument>;
  readonly clients: ReadModelTable<ClientDocument>;
  readonly closedCitizens: ReadModelTable<ClosedCitizenDocument>;
}

/** Resolves when a consumer of ours holds all that authentication had when it was asked; refuses at the deadline. */
export type CatchUp = (consumer: string, deadlineMs: number) => Promise<void>;

/** What consent has heard from the other services: pseudonyms, clients, closed citizens. */
export class Known {
  constructor(
    private readonly tables: KnownTables,
    private readonly catchUp: CatchUp,
  ) {}

  /** Whose pseudonym at that client it is. */
  async citizenAt(clientId: string, pseudonym: string, deadlineMs: number): Promise<SubjectDocument | undefined> {
    const subject = await this.#found(subjects.name, () => this.tables.subjects.get(pseudonym), deadlineMs);
    return subject?.clientId === clientId ? subject : undefined;
  }

  /** A relying service, not a citizen agent. */
  async relyingService(clientId: string, deadlineMs: number): Promise<ClientDocument | undefined> {
    const client = await this.#found(clients.name, () => this.tables.clients.get(clientId), deadlineMs);
    return client?.kind === 'relying_service' ? client : undefined;
  }

  async isClosed(citizenId: string): Promise<boolean> {
    return (await this.tables.closedCitizens.get(citizenId)) !== undefined;
  }

  /** Undefined when it has none there that we know of. */
  async pseudonymAt(clientId: string, citizenId: string): Promise<string | undefined> {
    const { documents } = await this.tables.subjects.page({ index: 'byCitizen', equals: [citizenId, clientId], limit: 1 });
    return documents[0]?.pseudonym;
  }

  /** At every client. One citizen has some hundreds at most. */
  async pseudonymsOf(citizenId: string): Promise<string[]> {
    const pseudonyms: string[] = [];
    for (let after: readonly (string | number)[] | undefined; ; ) {
      const page = await this.tables.subjects.page({ index: 'byCitizen', equals: [citizenId], limit: 500, ...(after && { after }) });
      pseudonyms.push(...page.documents.map((document) => document.pseudonym));
      if (!page.next) return pseudonyms;
      after = page.next;
    }
  }

  /** What is not here may only not have arrived yet: "no" is said only after hearing all the other service knew. */
  async #found<Document>(consumer: string, find: () => Promise<Document | undefined>, deadlineMs: number): Promise<Document | undefined> {
    const found = await find();
    if (found) return found;
    await this.catchUp(consumer, deadlineMs);
    return find();
  }
}
