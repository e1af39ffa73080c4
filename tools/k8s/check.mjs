// What .ci/run holds the manifests to: every overlay renders, every object in it is strictly what its kind allows, what is rendered
// agrees with the programs (as agree.mjs has it for the sources), and the alarms ring when they should. Needs Go; Kubernetes not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { complaintsAbout } from './agree.mjs';
import { promtoolTests, untried } from './alarm-cases.mjs';
import { folder, ofKind, overlays, readAll } from './manifests.mjs';
import { run } from './programs.mjs';
import { alarmsOf } from './rules/alarms.mjs';
import { renderedComplaints } from './rules/rendered.mjs';

let passed = 0;
let failed = 0;
const rendered = {};

for (const overlay of overlays) {
  await check(`${overlay}: renders`, () => render(overlay));
  await check(`${overlay}: every object is what its kind allows`, () => validate(rendered[overlay]));
  await check(`${overlay}: agrees with the programs`, async () => list([...(await complaintsAbout(readAll(rendered[overlay]))), ...renderedComplaints(overlay, readAll(rendered[overlay]))]));
}
await check('a field that a kind does not have is refused', () => mustRefuse(rendered.production.replace('failureThreshold: 150', 'failureTreshold: 150'), 'failureTreshold'));
await check('a kind without a schema is refused', () => mustRefuse('apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n', 'could not find schema'));
await check('the alarms ring when they should, and only then', alarms);

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function check(name, work) {
  let complaint;
  try {
    complaint = await work();
  } catch (error) {
    complaint = error.message;
  }
  if (complaint) failed += 1;
  else passed += 1;
  console.log(`${complaint ? 'FAILED' : 'ok    '} ${name}${complaint ? `\n${complaint}` : ''}`);
}

function render(overlay) {
  const { status, stdout, output } = run('kustomize', ['build', join(folder, 'overlays', overlay)]);
  rendered[overlay] = stdout;
  return status === 0 && stdout ? undefined : output;
}

function validate(text) {
  const { status, output } = run('kubeconform', ['-strict', '-schema-location', join(folder, 'schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json'), '-'], text);
  return status === 0 ? undefined : output;
}

function mustRefuse(text, reason) {
  const output = validate(text);
  return output?.includes(reason) ? undefined : `it was not refused for ${reason}: ${output ?? 'it passed'}`;
}

function alarms() {
  const manifests = readAll(rendered.production);
  const work = mkdtempSync(join(tmpdir(), 'tillid-alarms-'));
  try {
    writeFileSync(join(work, 'alarms.yaml'), stringify({ groups: ofKind(manifests, 'PrometheusRule').flatMap(({ spec }) => spec.groups) }));
    writeFileSync(join(work, 'cases.yaml'), stringify(promtoolTests('alarms.yaml')));
    const { status, output } = run('promtool', ['test', 'rules', join(work, 'cases.yaml')]);
    return list([...untried(alarmsOf(manifests).map(({ alert }) => alert)), ...(status === 0 ? [] : [output])]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function list(complaints) {
  return complaints.length === 0 ? undefined : complaints.join('\n');
}
