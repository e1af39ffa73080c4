import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../measure/numbers.mjs';
import { inventDetails, signIn } from '../system/citizens.mjs';

const high = 3;
const address = 'https://data.gov.dk/model/core/address';

/**
 * From an official's acknowledged read to the moment the citizen's own access log has it, while two officials make
 * `rate` events a second.
 */
export async function visibleInLog(registrars, agent, citizen, rate, ms, pauseMs = 120) {
  const { token } = await signIn(agent, agent, citizen);
  const load = steadyLoad(registrars, rate, ms);
  const latencies = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    latencies.push(await followOneRead(registrars[0], agent, citizen, token));
    await delay(pauseMs);
  }
  return { events: await load, latencies, samples: latencies.length, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), max: Math.max(...latencies) };
}

/** Milliseconds until the log has it. Asked with the position of the read: audit answers when it is in. */
export async function followOneRead(registrar, agent, { citizenId }, token) {
  let position = '';
  await registrar.identity.readCitizen({ citizenId, attributes: [address], basis: 'https://w3id.org/dpv/legal/eu/gdpr#A6-1-e', purpose: 'https://w3id.org/dpv#ServiceProvision' }, { onPosition: (at) => void (position = at) });
  const started = performance.now();
  const { entries } = await agent.audit.listAccessLog({ pageSize: 1 }, { token, minPosition: position });
  const ms = performance.now() - started;
  if (`${entries[0].source}@${entries[0].sourcePosition}` !== position) throw new Error('the newest entry is not the read');
  return ms;
}

/** Registrations and first proofs, an event each, spread over two officials: each stays below what one caller may ask. */
async function steadyLoad(registrars, rate, ms) {
  const started = performance.now();
  const pending = [];
  let events = 0;
  for (let elapsed = 0; elapsed < ms; await delay(5)) {
    elapsed = performance.now() - started;
    for (; events < (elapsed / 1000) * rate; events += 2) {
      const registrar = registrars[(events / 2) % 2];
      pending.push(registrar.identity.registerCitizen({ details: inventDetails() })
        .then(({ citizenId }) => registrar.identity.proveIdentity({ citizenId, level: high, evidenceKind: 'passport' })));
    }
  }
  await Promise.all(pending);
  return events / (ms / 1000);
}
