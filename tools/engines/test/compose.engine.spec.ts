// compose.yaml, as far as it can be held to the programs without Docker.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig, serviceNames, type Settings } from '@tillid/runtime';
import { auditConfig } from '../../../apps/audit/src/audit.config.js';
import { authenticationConfig } from '../../../apps/authentication/src/authentication.config.js';
import { consentConfig } from '../../../apps/consent/src/consent.config.js';
import { identityConfig } from '../../../apps/identity/src/identity.config.js';
import { addressesFrom } from '../../../apps/tillid/src/installation/addresses.js';
import { containers, root, serviceOf } from './compose.js';

const settings: Record<string, Settings> = { identity: identityConfig, authentication: authenticationConfig, consent: consentConfig, audit: auditConfig };
const all = containers();
const named = (name: string) => all.find((container) => container.name === name)!;
const ours = all.filter(serviceOf);
const migrations = ours.filter(({ command }) => command.includes('migrate'));
const replicas = ours.filter(({ command }) => !command.includes('migrate'));
const folder = mkdtempSync(join(tmpdir(), 'compose-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('compose.yaml', () => {
  it('is not read without the origin that docker/compose.mjs sets', () => {
    expect(() => containers({})).toThrow('TILLID_ORIGIN');
  });

  it.each(ours)('$name: every variable is a setting of its service, and none is missing', (container) => {
    const environment = Object.fromEntries(Object.entries(container.environment).filter(([name]) => name.startsWith('TILLID_')));
    expect(() => readConfig(settings[serviceOf(container)!]!, environment)).not.toThrow();
    expect(Object.keys(container.environment).filter((name) => !name.startsWith('TILLID_'))).toEqual(['OTEL_EXPORTER_OTLP_ENDPOINT']);
  });

  it('runs two replicas of each service, each by its own name, at the addresses of a local installation', () => {
    const published = replicas.map(({ name, ports }) => ({ name, ports: ports.map(([outside]) => outside) }));
    const local = addressesFrom(7400, 2).replicas.map(({ name, grpc, http, https }) => ({ name, ports: [grpc, http, https].flatMap((address) => (address ? [Number(address.split(':')[1])] : [])) }));
    expect(published).toEqual(local);
    for (const { name, environment } of replicas) expect(environment['TILLID_REPLICA']).toBe(name);
  });

  it('publishes exactly what is listened on, and on this machine only', () => {
    for (const { environment, ports } of replicas) {
      const listened = Object.entries(environment).filter(([name]) => /_(GRPC|HTTPS?)_LISTEN$/.test(name)).map(([, address]) => Number(address.split(':')[1]));
      expect(ports.map(([, inside]) => inside)).toEqual(listened);
    }
    for (const { raw } of all) for (const port of (raw['ports'] ?? []) as string[]) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('sends each service to its peers by a name that both replicas have, at a port that both listen on', () => {
    for (const name of serviceNames) {
      for (const { environment } of ours) {
        const [alias, port] = environment[`TILLID_${name.toUpperCase()}`]!.split(':');
        const there = replicas.filter(({ aliases, environment: theirs }) => aliases.includes(alias!) && theirs['TILLID_GRPC_LISTEN'] === `0.0.0.0:${port}`);
        expect(there.map(serviceOf)).toEqual([name, name]);
      }
    }
    const jwks = named('identity-1').environment['TILLID_JWKS_URL']!.split(',').map((url) => new URL(url));
    expect(jwks.map(({ hostname }) => hostname)).toEqual(['authentication-1', 'authentication-2']);
    for (const { hostname, port } of jwks) expect(named(hostname).environment['TILLID_HTTPS_LISTEN']).toBe(`0.0.0.0:${port}`);
  });

  it('migrates each service once, as the administrator of Kafka, before its replicas start', () => {
    expect(migrations.map(serviceOf)).toEqual([...serviceNames]);
    for (const container of migrations) expect(container.folders).toContainEqual(['./.tillid/compose/kafka/administrator', container.environment['TILLID_TLS']]);
    for (const container of replicas) expect(container.dependsOn).toEqual([`migrate-${serviceOf(container)}`]);
    for (const container of migrations) expect(container.dependsOn).toEqual(['mongo-init', 'kafka']);
  });

  it('gives a service its own folder and nothing of anyone else, no rights, and a root file system that it cannot write', () => {
    for (const container of replicas) expect(container.folders).toEqual([[`./.tillid/compose/${serviceOf(container)}`, '/data']]);
    for (const { raw } of [...ours, named('kafka')]) expect(raw).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], user: '1000:1000' });
  });

  it('mounts only what is in the checkout or what `prepare` makes', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['docker/installation.mjs', 'prepare', folder], { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tillid\.local\/[a-z2-7]{26}\n$/);
    const missing = all.flatMap(({ folders }) => folders.map(([outside]) => outside)).filter((path) => !existsSync(path.startsWith('./.tillid/compose/') ? join(folder, path.slice('./.tillid/compose/'.length)) : join(root, path)));
    expect(missing).toEqual([]);
    for (const name of serviceNames) for (const file of ['tls/key.pem', 'tls/cert.pem', 'tls/ca.pem', 'secrets-key']) expect(existsSync(join(folder, name, file))).toBe(true);
  });

  it('pins every image to a version; MongoDB is 8, Kafka the one of the jars', () => {
    const images = all.map(({ image }) => image).filter((image) => image !== 'tillid');
    expect(images.filter((image) => !/:v?\d+\.\d+\.\d+$/.test(image))).toEqual([]);
    expect(named('mongo-1').image).toMatch(/^mongo:8\./);
    const version = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)/.exec(readFileSync(join(root, 'tools/engines/kafka/pom.xml'), 'utf8'))?.[1];
    expect(named('kafka').image).toBe(`apache/kafka:${version}`);
  });
});

describe('what stands beside compose.yaml', () => {
  const properties = Object.fromEntries(readFileSync(join(root, 'docker/kafka/server.properties'), 'utf8').split('\n').filter((line) => line.includes('=') && !line.startsWith('#')).map((line) => line.split(/=(.*)/).slice(0, 2)));

  it('Kafka is where the services look for it, by a name that its certificate has', () => {
    const address = named('identity-1').environment['TILLID_KAFKA_BROKERS']!;
    expect(properties['advertised.listeners']).toBe(`SSL://${address}`);
    expect(new X509Certificate(readFileSync(join(folder, 'kafka/tls/cert.pem'))).checkHost(address.split(':')[0]!)).toBeDefined();
  });

  it('Kafka asks for certificates, and only its own administrator needs no grant', () => {
    expect(properties).toMatchObject({ 'ssl.client.auth': 'required', 'allow.everyone.if.no.acl.found': 'false', 'super.users': 'User:CN=kafka,OU=service;User:CN=kafka-administrator,OU=service' });
    const administrator = new X509Certificate(readFileSync(join(folder, 'kafka/administrator/cert.pem')));
    expect(administrator.subject.split('\n').reverse().join()).toBe('CN=kafka-administrator,OU=service');
  });

  it('the replica set has the members that the services are told of', () => {
    const members = all.filter(({ command }) => command.includes('--replSet')).map(({ name }) => `${name}:27017`);
    expect(named('identity-1').environment['TILLID_MONGO_URL']).toBe(`mongodb://${members.join()}/?replicaSet=tillid`);
    expect(readFileSync(join(root, 'docker/mongo/initiate.js'), 'utf8')).toContain("_id: 'tillid'");
  });

  it('Prometheus asks every replica, and traces go to the collector', () => {
    const { scrape_configs: jobs } = parse(readFileSync(join(root, 'docker/prometheus.yaml'), 'utf8')) as { scrape_configs: { static_configs: { targets: string[] }[] }[] };
    const listened = replicas.map(({ name, environment }) => `${name}:${environment['TILLID_METRICS_LISTEN']!.split(':')[1]}`);
    expect(jobs.flatMap(({ static_configs: configs }) => configs.flatMap(({ targets }) => targets))).toEqual(listened);
    const { receivers, exporters } = parse(readFileSync(join(root, 'docker/collector.yaml'), 'utf8')) as { receivers: { otlp: { protocols: { http: { endpoint: string } } } }; exporters: { otlp: { endpoint: string } } };
    expect(named('identity-1').environment['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe(`http://collector:${receivers.otlp.protocols.http.endpoint.split(':')[1]}`);
    expect(named(exporters.otlp.endpoint.split(':')[0]!).image).toContain('jaeger');
  });
});
