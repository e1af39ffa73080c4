import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface EnginesWanted {
  /** A MongoDB-wire server. Where neither an environment address nor Docker gives a real one: the stand-in, in memory. */
  readonly mongo?: true;
  /** `tlsFolder` holds the broker's own key.pem, cert.pem (for 127.0.0.1) and ca.pem; `superUsers` as Kafka spells them: `User:CN=identity,OU=service`. */
  readonly kafka?: true | { readonly tlsFolder: string; readonly superUsers: readonly string[] };
}

/** Real engines, for as long as the test's process lives, however that ends. */
export interface Engines {
  readonly mongoUrl: string;
  /** Where they came from: a stand-in (`jars`) cannot do everything that MongoDB can. */
  readonly mongoFrom: 'environment' | 'compose' | 'jars';
  readonly brokers: readonly string[];
  /** SIGKILL. The broker's data is left as it is. */
  kill(name: 'kafka'): Promise<void>;
  /** The same broker again: same port, same data. Resolves when it serves. */
  start(name: 'kafka'): Promise<void>;
  stop(): Promise<void>;
}

interface Ready {
  readonly mongo?: { readonly url: string; readonly from: Engines['mongoFrom'] };
  readonly kafka?: { readonly brokers: readonly string[] };
}

const launcher = join(import.meta.dirname, '../../../tools/engines/main.mjs');
const cannotHaveExit = 3;

/**
 * Starts what is wanted, through tools/engines. Undefined when it cannot be had on this machine: stderr says what to
 * install, and the spec skips. Throws then instead when TILLID_REQUIRE_ENGINES=1, and at every other failure.
 *
 * ```ts
 * const engines = await startEngines({ kafka: true });
 * afterAll(() => engines?.stop());
 * describe.skipIf(!engines)('the relay', () => ...);
 * ```
 */
export async function startEngines(wanted: EnginesWanted): Promise<Engines | undefined> {
  const child = spawn(process.execPath, [launcher, 'up', ...argumentsOf(wanted)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    process.stderr.write(`${line}\n`);
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await answers.next();
  if (first.done === true) {
    const exit = child.exitCode ?? ((await once(child, 'close')) as [number])[0];
    if (exit === cannotHaveExit && process.env['TILLID_REQUIRE_ENGINES'] !== '1') return undefined;
    throw new Error(`the engines did not start (${exit}):\n${said.join('\n')}`);
  }
  return enginesOf(child, JSON.parse(first.value) as Ready, () => answers.next());
}

function enginesOf(child: ChildProcess, { mongo, kafka }: Ready, nextAnswer: () => Promise<IteratorResult<string>>): Engines {
  let orders = Promise.resolve();
  function order(line: string): Promise<void> {
    const obeyed = orders.then(async () => {
      child.stdin?.write(`${line}\n`);
      const answer = await nextAnswer();
      const { error } = answer.done === true ? { error: 'the launcher has ended' } : (JSON.parse(answer.value) as { error?: string });
      if (error !== undefined) throw new Error(`${line}: ${error}`);
    });
    // The next order does not care how this one ended.
    orders = obeyed.catch(() => undefined);
    return obeyed;
  }
  return {
    get mongoUrl() {
      return asked(mongo).url;
    },
    get mongoFrom() {
      return asked(mongo).from;
    },
    get brokers() {
      return asked(kafka).brokers;
    },
    kill: (name) => order(`kill ${name}`),
    start: (name) => order(`start ${name}`),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'close');
      child.stdin?.end();
      await ended;
    },
  };
}

function asked<Engine>(engine: Engine | undefined): Engine {
  if (engine === undefined) throw new Error('this engine was not asked for');
  return engine;
}

function argumentsOf({ mongo, kafka }: EnginesWanted): string[] {
  const tls = typeof kafka === 'object' ? ['--kafka-tls', kafka.tlsFolder, '--kafka-super-users', kafka.superUsers.join(';')] : [];
  return [...(mongo ? ['--mongo'] : []), ...(kafka ? ['--kafka'] : []), ...tls];
}
