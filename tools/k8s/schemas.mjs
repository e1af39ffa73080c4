// k8s/schemas from the real definitions: `node tools/k8s/schemas.mjs` writes a strict JSON schema for each kind that the
// manifests use. Needs Go, Maven and a Java of at least 21 (JAVA_HOME); checking against what it wrote needs none of them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { strict } from './strict-schema.mjs';
import { crdModules, kubernetes, strimzi } from './versions.mjs';

const folder = join(import.meta.dirname, '../../k8s/schemas');
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const { definitions } = JSON.parse(readFileSync(join(moduleFolder(kubernetes), 'api/openapi-spec/swagger.json'), 'utf8'));

mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) rmSync(join(folder, file));
for (const name of kubernetes.kinds) writeKind(definitions[name]['x-kubernetes-group-version-kind'][0], definitions[name]);
for (const module of crdModules) for (const file of module.files) writeCrd(readFileSync(join(moduleFolder(module), file), 'utf8'));
for (const crd of strimziCrds()) writeCrd(crd);

function writeCrd(text) {
  const { spec } = parse(text);
  for (const { name: version, served, schema } of spec.versions) if (served) writeKind({ group: spec.group, version, kind: spec.names.kind }, schema.openAPIV3Schema);
}

function writeKind({ group, version, kind }, schema) {
  const file = [kind.toLowerCase(), ...(group ? [group.split('.')[0]] : []), version].join('-');
  const { status: _status, ...properties } = schema.properties;
  const whole = { ...schema, required: ['apiVersion', 'kind', 'metadata'], properties: { ...properties, apiVersion: { enum: [group ? `${group}/${version}` : version] }, kind: { enum: [kind] }, metadata: { $ref: `#/definitions/${objectMeta}` } } };
  writeFileSync(join(folder, `${file}.json`), `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...strict(whole, definitions) })}\n`);
}

function moduleFolder({ module, version }) {
  return JSON.parse(run('go', ['mod', 'download', '-json', `${module}@${version}`])).Dir;
}

/** Strimzi publishes no files of its CRDs to a registry, but the classes they are made of and the program that makes them. */
function strimziCrds() {
  const work = mkdtempSync(join(tmpdir(), 'tillid-strimzi-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom());
    run('mvn', ['-B', '-q', '-ntp', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'], work);
    const files = strimzi.classes.map((name) => `${name}=${join(work, `${name}.yaml`)}`);
    const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';
    run(java, ['-cp', 'lib/*', 'io.strimzi.crdgenerator.CrdGenerator', '--yaml', '--target-kube', '1.30+', '--crd-api-version', 'v1', ...files], work);
    return strimzi.classes.map((name) => readFileSync(join(work, `${name}.yaml`), 'utf8'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function pom() {
  const dependencies = strimzi.artifacts.map((artifact) => `<dependency><groupId>io.strimzi</groupId><artifactId>${artifact}</artifactId><version>${strimzi.version}</version></dependency>`);
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>tillid</groupId><artifactId>strimzi-crds</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`;
}

function run(command, args, cwd = tmpdir()) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} failed\n${stdout}${stderr}`);
  return stdout;
}
