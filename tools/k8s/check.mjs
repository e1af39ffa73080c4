// What .ci/run holds the manifests to: every overlay renders, every object in it is strictly what its kind allows, what is rendered
// agrees with the programs (as agree.mjs has it for the sources), and the alarms ring when they should. Needs Go; Kubernetes not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { callerUri, createSigningRequest } from '../../libs/crypto/dist/index.js';
import { keyAlgorithm, loadX509, newKeyPair } from '../../libs/crypto/dist/certificates/x509.js';
import { complaintsAbout } from './agree.mjs';
import { promtoolTests, untried } from './alarm-cases.mjs';
import { certificateRequestFor } from './caller-request.mjs';
import { folder, ofKind, readAll, renderedOverlays } from './manifests.mjs';
import { run } from './programs.mjs';
import { alarmsOf } from './rules/alarms.mjs';
import { renderedComplaints } from './rules/rendered.mjs';

let passed = 0;
let failed = 0;
const rendered = {};

for (const overlay of renderedOverlays) {
  await check(`${overlay}: renders`, () => render(overlay));
  await check(`${overlay}: every object is what its kind allows`, () => validate(rendered[overlay]));
  await check(`${overlay}: agrees with the programs`, async () => list([...(await complaintsAbout(readAll(rendered[overlay]))), ...renderedComplaints(overlay, readAll(rendered[overlay]))]));
}
await check('a field that a kind does not have is refused', () => mustRefuse(rendered.production.replace('failureThreshold: 150', 'failureTreshold: 150'), 'failureTreshold'));
await check('a kind without a schema is refused', () => mustRefuse('apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n', 'could not find schema'));
await check("a caller's request is taken when it asks for its own name, and for nothing else", requests);
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

async function requests() {
  const bank = { kind: 'relying_service', id: 'fjordbanken' };
  const { requestPem } = await createSigningRequest(bank);
  const { spec } = await certificateRequestFor(requestPem, bank);
  const wrong = [{ kind: 'relying_service', id: 'audit' }, { kind: 'auditor', id: 'fjordbanken' }, { kind: 'service', id: 'audit' }];
  const refused = await Promise.all(wrong.map((name) => certificateRequestFor(requestPem, name).then(() => false, () => true)));
  // The URI of one, and the subject by which Kafka and the database would take it for another.
  const posing = await certificateRequestFor(await requestWithSubject('OU=service, CN=audit', bank), bank).then(() => 'taken', (error) => error.message);
  return list([
    ...(Buffer.from(spec.request, 'base64').toString() === requestPem ? [] : ['the request was changed']),
    ...refused.flatMap((isRefused, index) => (isRefused ? [] : [`it was taken for ${JSON.stringify(wrong[index])}`])),
    ...(posing.startsWith('subject asked for: OU=service, CN=audit') ? [] : [`a request that poses as audit: ${posing}`]),
  ]);
}

async function requestWithSubject(subject, name) {
  const x509 = await loadX509();
  const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: callerUri(name) }])];
  return (await x509.Pkcs10CertificateRequestGenerator.create({ name: subject, keys: await newKeyPair(), signingAlgorithm: keyAlgorithm, extensions })).toString('pem');
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
