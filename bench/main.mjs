// npm run bench -- append|sign-in|ingest|events|relay|own-logs|verify|replay|receipts|witness|integration    Ratios in one run and CPU-milliseconds per operation, into docs/benchmarks.md.
const benches = {
  append: () => import('./append/append.mjs'),
  'sign-in': () => import('./sign-in/sign-in.mjs'),
  ingest: () => import('./ingest/ingest.mjs'),
  events: () => import('./events/events.mjs'),
  relay: () => import('./relay/relay.mjs'),
  'own-logs': () => import('./own-logs/own-logs.mjs'),
  verify: () => import('./verify/verify.mjs'),
  replay: () => import('./replay/replay.mjs'),
  report: () => import('./report/report.mjs'),
  receipts: () => import('./receipts/receipts.mjs'),
  witness: () => import('./witness/witness.mjs'),
  integration: () => import('./integration/integration.mjs'),
};

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const unknown = wanted.filter((name) => !(name in benches));
if (wanted.length === 0 || unknown.length > 0) {
  process.stderr.write(`which? npm run bench -- ${Object.keys(benches).join('|')}\n`);
  process.exit(2);
}
for (const name of wanted) {
  const { run } = await benches[name]();
  await run();
}
