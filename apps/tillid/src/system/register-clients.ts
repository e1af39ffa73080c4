import type { CallerName } from '@tillid/crypto';
import { Refused } from '@tillid/kernel';
import type { Party } from './party.js';

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
