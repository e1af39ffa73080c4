import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { CommandFailure } from '../installation/failure.js';
import { readRunning } from '../installation/running.js';
import { partyOf } from '../system/party.js';
import { dataOption, folderOf } from './options.js';

const fields = {
  nationalNumber: 'National number (DDMMYYSSSS)',
  firstName: 'First name',
  lastName: 'Last name',
  address: 'Address (one line)',
  email: 'E-mail',
} as const;
const evidenceKinds = ['passport', 'driving_licence', 'personal_attendance', 'residence_permit', 'known_in_person'] as const;
type Details = Record<keyof typeof fields, string>;

export function citizenCommand(): Command {
  return new Command('citizen').description('citizens of the installation').addCommand(addCommand());
}

function addCommand(): Command {
  return new Command('add')
    .description('register a citizen by hand, prove them with two officials, print the activation letter; asks for what is not given')
    .option('--national-number <number>', 'ten digits; invented ones have 60 added to the day')
    .option('--first-name <name>')
    .option('--last-name <name>')
    .option('--address <line>')
    .option('--email <address>')
    // Looked at here: refused only at the proof, it would leave a citizen registered and unproved.
    .addOption(new Option('--evidence <kind>', 'what the officials saw').choices(evidenceKinds).default('passport'))
    .addOption(dataOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid citizen add --national-number 6705801234 --first-name Anne --last-name Jensen --address "Nørregade 1, 4990 Egebæk" --email anne@eksempel.dk')
    .action(async (options: Partial<Details> & { evidence: string; data: string; json?: boolean }) => {
      const data = folderOf(options.data);
      const running = await readRunning(data);
      const details = await complete(options);
      const officials = ['official-1', 'official-2'].map((id) => partyOf({ kind: 'official', id }, data.caller({ kind: 'official', id }), running.grpc));
      const [first, second] = officials as [(typeof officials)[0], (typeof officials)[0]];
      try {
        const { citizenId } = await first.identity.registerCitizen({ details });
        const proof = { citizenId, level: AssuranceLevel.HIGH, evidenceKind: options.evidence };
        await first.identity.proveIdentity(proof);
        await second.identity.proveIdentity(proof);
        const letter = await second.authentication.issueActivationCode({ citizenId });
        process.stdout.write(options.json ? `${JSON.stringify({ citizenId, ...letter })}\n` : letterText(details, letter));
      } finally {
        for (const official of officials) official.close();
      }
    });
}

async function complete(given: Partial<Details>): Promise<Details> {
  const names = Object.keys(fields) as (keyof Details)[];
  const missing = names.filter((name) => given[name] === undefined);
  if (missing.length > 0 && !process.stdin.isTTY) throw new CommandFailure(`not given: ${missing.join(', ')}`, 2);
  const answers: Partial<Details> = { ...given };
  if (missing.length > 0) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    for (const name of missing) answers[name] = (await terminal.question(`${fields[name]}: `)).trim();
    terminal.close();
  }
  return Object.fromEntries(names.map((name) => [name, answers[name] ?? ''])) as Details;
}

function letterText(details: Details, letter: { activationId: string; activationCode: string; expiresAt?: Date | undefined }): string {
  return `
${details.firstName} ${details.lastName}
${details.address}

                            Your key to Tillid

  With this letter you choose a user id and a password and get your card.

      activation id      ${letter.activationId}
      activation code    ${letter.activationCode}

  The code works once, until ${letter.expiresAt?.toISOString().slice(0, 10) ?? 'it is used'}. Give it to nobody: no authority will ever ask for it.

`;
}
