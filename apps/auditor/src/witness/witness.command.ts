import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { splitHostAndPort } from '@tillid/runtime';
import { CouldNotLook } from '../could-not-look.js';
import { keysByProofs } from '../log/follow-keys.js';
import { readVkey } from '../log/open-log.js';
import { readPolicy } from '../read-policy.js';
import { asJson, asText, print } from '../results.js';
import { Witness } from './witness.js';
import { openWitnessFolder } from './witness-folder.js';
import { witnessServer } from './witness-server.js';

interface Options {
  readonly folder: string;
  readonly name?: string;
  readonly listen: string;
  readonly log?: readonly string[];
  readonly policy?: string;
  readonly keyChange?: readonly string[];
  readonly json?: boolean;
}

export function witnessCommand(): Command {
  return new Command('witness')
    .description('a witness (c2sp.org/tlog-witness): cosigns the logs it knows, as long as they only grow')
    .requiredOption('--folder <folder>', 'its key and what it cosigned; made at the first start. Never put it back from a backup')
    .option('--name <name>', 'what it signs under, such as witness.example/one; needed at the first start')
    .option('--listen <host:port>', 'where it listens, without TLS', '127.0.0.1:7460')
    .option('--log <vkey file...>', 'logs it cosigns')
    .option('--policy <file>', 'a policy whose logs it cosigns')
    .option('--key-change <file...>', 'how a key of theirs was replaced (`key/<id of the old>` in the log): from there on the old one is not enough')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor witness --folder ./witness --name witness.example/one --log log.vkey')
    .action(async (options: Options) => {
      const logs = [...(options.log ?? []).map(readVkey), ...(options.policy === undefined ? [] : readPolicy(options.policy).logs.map(({ key }) => key))];
      if (logs.length === 0) throw new CouldNotLook('a witness needs a log it may cosign (--log or --policy)');
      const logKeys = await keysByProofs(logs, options.keyChange ?? []);
      const { signer, vkey, close } = await openWitnessFolder(options.folder, options.name);
      const witness = new Witness(options.folder, signer, logKeys);
      await witness.open();
      const server = witnessServer(witness, (error) => process.stderr.write(`tillid-auditor: ${error instanceof Error ? error.message : String(error)}\n`));
      const { host, port } = splitHostAndPort(options.listen);
      server.listen(port, host);
      await once(server, 'listening').catch((error: unknown) => {
        throw new CouldNotLook(`${options.listen} cannot be listened on`, { cause: error });
      });
      const { port: actual } = server.address() as AddressInfo;
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
      await print(options.json ? asJson({ url, vkey, logs: logs.map(({ name }) => name) }) : asText([`witness  ${vkey}`, `at       ${url}`, ...logs.map(({ name }) => `log      ${name}`)]));
      await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
      server.close();
      server.closeAllConnections();
      close();
    });
}
