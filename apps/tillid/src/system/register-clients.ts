import type { CallerName } from '@tillid/crypto';
import { Refused } from '@tillid/kernel';
import type { DataFolder } from '../installation/data-folder.js';
import type { Running } from '../installation/running.js';
import { type Party, partyOf } from './party.js';

export interface NewClient {
  readonly name: CallerName;
  /** Shown to citizens. */
  readonly publicName: string;
  readonly dataProvider?: boolean;
}

/** Makes a client known to the installation; once its id is known, asking again changes neither its name nor its kind. */
export async function registerClient(operator: Party, { name, publicName, dataProvider = false }: NewClient): Promise<'registered' | 'was registered before'> {
  try {
    await operator.authentication.registerClient({ clientId: name.id, name: publicName, kind: name.kind, dataProvider });
    return 'registered';
  } catch (error) {
    if (error instanceof Refused && error.code === 'client.taken') return 'was registered before';
    throw error;
  }
}

/** The agent of the installation itself: what the demo and `tillid citizen add` act through for citizens. */
export async function registerOwnAgent(data: DataFolder, grpc: Running['grpc']): Promise<void> {
  const name = { kind: 'operator', id: 'operator' } as const;
  const operator = partyOf(name, data.caller(name), grpc);
  try {
    await registerClient(operator, { name: { kind: 'citizen_agent', id: 'tillid-agent' }, publicName: 'Tillid' });
  } finally {
    operator.close();
  }
}
