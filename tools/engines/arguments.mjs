import { parseArgs } from 'node:util';
import { say } from './say.mjs';

const usage = `usage: node tools/engines/main.mjs up|check [--mongo] [--kafka] [--kafka-tls DIR --kafka-super-users "User:CN=a;User:CN=b"] [--kafka-data DIR] [--jars-only]`;
const options = {
  mongo: { type: 'boolean' },
  kafka: { type: 'boolean' },
  'kafka-tls': { type: 'string' },
  'kafka-super-users': { type: 'string' },
  'kafka-data': { type: 'string' },
  'jars-only': { type: 'boolean' },
};

/** `{ command, wanted: { mongo, kafka } }`, each undefined when not wanted. Ends the process with 2 when it cannot be read. */
export function readArguments(args) {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [command, ...rest] = positionals;
    if (!['up', 'check'].includes(command) || rest.length > 0) throw new Error(`no such command: ${positionals.join(' ')}`);
    const wanted = wantedOf(values);
    if (!wanted.mongo && !wanted.kafka) throw new Error('neither --mongo nor --kafka');
    return { command, wanted };
  } catch (error) {
    say(`${error.message}\n${usage}`);
    return process.exit(2);
  }
}

function wantedOf(values) {
  const jarsOnly = values['jars-only'];
  const superUsers = (values['kafka-super-users'] ?? '').split(';').filter(Boolean);
  const tls = values['kafka-tls'] && { folder: values['kafka-tls'], superUsers };
  return {
    mongo: values.mongo && { jarsOnly },
    kafka: (values.kafka || tls) && { tls, data: values['kafka-data'], jarsOnly },
  };
}
