import type { MongoDatabase } from '../src/index.js';

export interface SentCommand {
  readonly name: string;
  readonly command: Readonly<Record<string, unknown>>;
}

/** Notes every command from here on. The database must be opened with `monitorCommands`. */
export function sentBy(database: MongoDatabase): SentCommand[] {
  const sent: SentCommand[] = [];
  database.connection.getClient().on('commandStarted', ({ commandName, command }) => void sent.push({ name: commandName, command: structuredCopy(command) }));
  return sent;
}

/** The driver goes on to use what it shows. */
function structuredCopy(command: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(command).filter(([name]) => name !== 'session'));
}
