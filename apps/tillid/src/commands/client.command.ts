import { Command, InvalidArgumentError, Option } from 'commander';
import type { CallerName } from '@tillid/crypto';
import { checkout } from '../installation/data-folder.js';
import { requestCertificate } from '../installation/requests.js';
import { readRunning, type Running } from '../installation/running.js';
import { partyOf } from '../system/party.js';
import { registerClient } from '../system/register-clients.js';
import { dataOption, folderOf } from './options.js';

const kinds = ['relying_service', 'citizen_agent', 'official', 'operator', 'auditor'] as const;
/** Who is a client in authentication's register; the others only have a certificate. */
const registered: readonly string[] = ['relying_service', 'citizen_agent'];

export function clientCommand(): Command {
  return new Command('client').description('callers of the installation').addCommand(addCommand());
}

function addCommand(): Command {
  return new Command('add')
    .description("write a caller's key, certificate and the authority to a folder, register it, and print a call that works")
    .argument('<name>', 'id of the caller: small letters, digits and dashes, 2 to 40', (text) => {
      if (!/^[a-z][a-z0-9-]{1,39}$/.test(text)) throw new InvalidArgumentError('small letters, digits and dashes, 2 to 40, the first a letter');
      return text;
    })
    .addOption(new Option('--kind <kind>', 'what it is').choices([...kinds]).default('relying_service'))
    .option('--public-name <name>', 'what citizens see; the id if left out')
    .option('--data-provider', 'it may be asked for data')
    .addOption(dataOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid client add fjordbanken --public-name Fjordbanken')
    .action(async (id: string, options: { kind: (typeof kinds)[number]; publicName?: string; dataProvider?: boolean; data: string; json?: boolean }) => {
      const data = folderOf(options.data);
      const running = await readRunning(data);
      const name: CallerName = { kind: options.kind, id };
      const folder = await requestCertificate(data, name);
      let register = 'needs no registration';
      if (registered.includes(name.kind)) {
        const operatorName = { kind: 'operator', id: 'operator' } as const;
        const operator = partyOf(operatorName, data.caller(operatorName), running.grpc);
        try {
          register = await registerClient(operator, { name, publicName: options.publicName ?? id, dataProvider: options.dataProvider ?? false });
        } finally {
          operator.close();
        }
      }
      const call = exampleCall(running, folder);
      process.stdout.write(options.json ? `${JSON.stringify({ ...name, folder, register, call })}\n` : `${name.kind} ${id} (${register}): key.pem, cert.pem and ca.pem are in\n  ${folder}\n\nA call that works now (reflection tells it the contract):\n  ${call}\n`);
    });
}

/** Coverage is open to every kind of caller. */
function exampleCall(running: Running, folder: string): string {
  const address = running.grpc.audit.split(',')[0]!.replace(/^127\.0\.0\.1/, 'localhost');
  const [buf, cert, key, ca] = [`${checkout}/node_modules/.bin/buf`, `${folder}/cert.pem`, `${folder}/key.pem`, `${folder}/ca.pem`].map(forShell);
  return `${buf} curl --protocol grpc --cert ${cert} --key ${key} --cacert ${ca} https://${address}/tillid.audit.v1.AuditService/GetCoverage -d '{}'`;
}

function forShell(word: string): string {
  return /^[\w/.:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
