import { mkdtemp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createSigningRequest, issueCertificate, type Authority, type CallerName } from '@tillid/crypto';
import { ProgressBook, type EventStore } from '@tillid/eventsourcing';
import { inMemoryEventStore } from '@tillid/eventsourcing/in-memory';
import type { TlsIdentity } from '@tillid/rpc';
import { createLogger } from '@tillid/runtime';
import { RunningService, Shell, type HttpRoute, type ServiceConfig, type ServiceParts, type TokenGuard, type Worker } from '../src/index.js';

export interface TestInstallation {
  readonly folder: string;
  identityOf(caller: CallerName, lifetimeDays?: number): Promise<TlsIdentity>;
}

export async function testInstallation(): Promise<TestInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'tillid-service-'));
  const authority: Authority = await createAuthority('test', Date.now());
  return {
    folder,
    async identityOf(caller, lifetimeDays) {
      const { keyPem, requestPem } = await createSigningRequest(caller);
      const cert = await issueCertificate(authority, requestPem, caller, Date.now(), lifetimeDays);
      return { key: Buffer.from(keyPem), cert: Buffer.from(cert), ca: Buffer.from(authority.certificatePem) };
    },
  };
}

export interface TestServiceParts {
  readonly controllers: readonly object[];
  readonly routes?: readonly HttpRoute[];
  readonly tokens?: TokenGuard;
  readonly workers?: readonly Worker[];
  readonly close?: ServiceParts['close'];
  /** Another address than any free port. */
  readonly listen?: string;
  /** What an earlier run of the same service stored. */
  readonly store?: EventStore;
  readonly drainMs?: number;
  readonly progress?: ProgressBook;
  readonly readModels?: ServiceParts['readModels'];
}

/** A consent service on real sockets, its stores in memory. `lines` is everything it logged. */
export async function startConsent(installation: TestInstallation, { controllers, workers = [], close = [], listen, store = inMemoryEventStore(), drainMs, progress = new ProgressBook(), readModels = [], ...rest }: TestServiceParts) {
  const tls = join(installation.folder, 'consent', 'tls');
  const identity = await installation.identityOf({ kind: 'service', id: 'consent' });
  await mkdir(tls, { recursive: true });
  await Promise.all((['key', 'cert', 'ca'] as const).map((name) => writeFile(join(tls, `${name}.pem`), identity[name])));
  const any = '127.0.0.1:0';
  const config: ServiceConfig = {
    data: join(installation.folder, 'consent'),
    tls,
    grpcListen: listen ?? any,
    httpListen: any,
    httpsListen: any,
    identity: any,
    authentication: any,
    consent: any,
    audit: any,
    jwksUrls: undefined,
    origin: 'tillid.test/log',
    metricsListen: undefined,
    sourceKeyDays: 365,
    logLevel: 'debug',
    mongoUrl: undefined,
    secretsKey: undefined,
    kafkaBrokers: undefined,
    kafkaReplication: 1,
    kafkaRetentionHours: 1,
    replica: 'test',
    leaseMs: 3000,
  };
  const lines: string[] = [];
  const shell = new Shell('consent', config, createLogger({ name: 'consent', level: 'debug', write: (line) => void lines.push(line) }));
  const service = new RunningService(shell, { store, progress, readModels, workers, close, ...rest }, controllers, drainMs);
  await service.start();
  const address = `127.0.0.1:${service.ports.grpc!}`;
  return { service, store, progress, lines, address, identity };
}
