import { median, perSecond, quantile, short, timed, whole } from '../measure/numbers.mjs';
import { report, table } from '../measure/report.mjs';
import { join } from 'node:path';
import { citizenWithKey, signIn } from '../system/citizens.mjs';
import { citizenAgent, inParallel, newRelyingService, officials } from '../system/parties.mjs';
import { besideHashing, cpuMs, cpuMsByThread } from '../system/process-usage.mjs';
import { withSystem } from '../system/system.mjs';
import { bareArgon2 } from './bare-argon2.mjs';
import { bareService } from './bare-service.mjs';

const citizens = 120;
const signInsPerRound = 600;
const rounds = 3;
/** Until the optimising compiler has seen what there is: a service runs for days. */
const signInsToWarmUp = 1_200;
const atOnce = 8;
const targetCpuMs = 3;

export function run() {
  return withSystem(18_400, async (system) => {
    const bank = newRelyingService(system, 'bench-bank');
    const agent = citizenAgent(system);
    const registrars = officials(system);
    const people = [];
    await inParallel(citizens, atOnce, async () => void people.push(await citizenWithKey(registrars, agent)));
    const bare = await bareService(join(system.running.callers, 'relying_service', 'bench-bank'));
    await bare.run(signInsToWarmUp / 4, atOnce);
    await round(system, bank, agent, people, signInsToWarmUp);
    const measured = [];
    for (let count = 0; count < rounds; count++) {
      measured.push({ argon2: await bareArgon2(2, 200), bare: await bare.run(signInsPerRound / 2, atOnce), ...(await round(system, bank, agent, people, signInsPerRound)) });
    }
    await bare.stop();
    report('sign-in', text(measured));
  });
}

async function round(system, bank, agent, people, signIns) {
  const { pids } = system.running;
  const before = usage(pids);
  const latencies = [];
  const free = [...people];
  const { ms, cpuMs: ownCpuMs } = await timed(() => inParallel(signIns, atOnce, async () => {
    // A citizen signs in once at a time: their next code depends on the last.
    const citizen = free.shift();
    const started = performance.now();
    await signIn(bank, agent, citizen);
    latencies.push(performance.now() - started);
    free.push(citizen);
  }));
  const after = usage(pids);
  const perSignIn = (use) => (use(after) - use(before)) / signIns;
  return {
    rate: perSecond(signIns, ms),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    hashThreads: perSignIn(({ authentication }) => authentication.get('libuv-worker') ?? 0),
    beside: perSignIn(({ authentication }) => besideHashing(authentication)),
    others: perSignIn(({ rest }) => rest),
    caller: ownCpuMs / signIns,
  };
}

function usage(pids) {
  return { authentication: cpuMsByThread(pids.authentication), rest: cpuMs(pids.identity) + cpuMs(pids.consent) + cpuMs(pids.audit) };
}

function text(measured) {
  const of = (pick) => median(measured.map(pick));
  const beside = of(({ beside }) => beside);
  return `
CPU of the authentication process beside hashing: **${short(beside)} ms** a sign-in (target ${targetCpuMs} ms: ${beside <= targetCpuMs ? 'reached' : 'NOT reached'}).
A sign-in is five rpcs over mTLS (begin, take, password, code, redeem), one argon2id hash (19 MiB, t=2) and its events, through real
processes with all four services, the callers and the bench on the same cores. ${whole(signInsPerRound)} sign-ins a round, ${atOnce} at once, ${rounds} rounds,
median. Hashing is the CPU of libuv's worker threads; all other threads of the process are "beside".

Of that, ${short(of(({ bare }) => bare.beside))} ms is what grpc-js alone takes for five calls. The rest is wide and flat: three commits of seven events, eight
writes and twenty reads of records that expire, forty reads of streams, look-ups and sealed values, feeds to three readers and two
followers of the service's own log (about half a millisecond each, found by holding them still), garbage collection, and the
JavaScript between. 3 ms would mean fewer calls or fewer records a sign-in, not faster ones.

${table(['', 'per second', 'CPU-ms each'], [
    ['sign-ins, end to end', short(of(({ rate }) => rate)), `${short(of(({ hashThreads }) => hashThreads))} hashing + ${short(beside)} beside`],
    ['bare grpc-js over mTLS: five calls, one of which hashes', short(of(({ bare }) => bare.rate)), `${short(of(({ bare }) => bare.beside))} beside`],
    ['bare argon2 at the same cost, two at once', short(of(({ argon2 }) => argon2.rate)), short(of(({ argon2 }) => argon2.cpuMsPerHash))],
  ])}

Latency of a whole sign-in: p50 ${short(of(({ p50 }) => p50))} ms, p99 ${short(of(({ p99 }) => p99))} ms. The other three services take ${short(of(({ others }) => others))} CPU-ms a sign-in
(feeds, ledger, tree, access log), the two callers ${short(of(({ caller }) => caller))}.
`;
}
