import type { CallerName } from '@tillid/crypto';
import type { DataFolder } from '../installation/data-folder.js';
import { requestCertificate } from '../installation/requests.js';
import type { Running } from '../installation/running.js';
import { type Around, type Party, partyOf } from '../system/party.js';
import { type NewClient, registerClient } from '../system/register-clients.js';
import type { Parties } from './day.js';

/** The three organisations of the story, and a second citizen agent. */
const clients: Readonly<Record<'fjordbanken' | 'egebaek' | 'sundby' | 'otherAgent', NewClient>> = {
  fjordbanken: { name: { kind: 'relying_service', id: 'fjordbanken' }, publicName: 'Fjordbanken' },
  egebaek: { name: { kind: 'relying_service', id: 'egebaek-kommune' }, publicName: 'Egebæk Kommune' },
  sundby: { name: { kind: 'relying_service', id: 'sundby-hospital' }, publicName: 'Sundby Hospital' },
  otherAgent: { name: { kind: 'citizen_agent', id: 'other-agent' }, publicName: 'En anden agent' },
};

/** Everyone with a certificate and, where they need it, known to the installation. The second day on the same data meets the same ones. */
export async function assembleCast(data: DataFolder, running: Running, around: Around): Promise<Parties & { close(): void }> {
  const made: Party[] = [];
  const party = (name: CallerName, folder: string) => {
    const opened = partyOf(name, folder, running.grpc, around);
    made.push(opened);
    return opened;
  };
  const own = (kind: CallerName['kind'], id: string) => party({ kind, id }, data.caller({ kind, id }));
  const operator = own('operator', 'operator');
  const client = async (which: keyof typeof clients) => {
    const { name } = clients[which];
    const folder = await requestCertificate(data, name);
    await registerClient(operator, clients[which]);
    return party(name, folder);
  };
  return {
    operator,
    officials: [own('official', 'official-1'), own('official', 'official-2')],
    agent: own('citizen_agent', 'tillid-agent'),
    fjordbanken: await client('fjordbanken'),
    egebaek: await client('egebaek'),
    sundby: await client('sundby'),
    otherAgent: await client('otherAgent'),
    close: () => made.forEach((opened) => opened.close()),
  };
}
