import { hostname } from 'node:os';
import { z } from 'zod';
import { setting } from './config.js';
import { brokers, count, folder, hostAndPort, httpsUrls, logLevel, mongoUrl, optional, plainName, replicas } from './setting-schemas.js';

const peer = (name: string) =>
  setting({
    variable: `TILLID_${name.toUpperCase()}` as `TILLID_${string}`,
    schema: replicas,
    meaning: `host:port of ${name}'s gRPC; of several replicas: a name that resolves to all, or their addresses by commas`,
    breaks: `calls to ${name}, and the feed from it, fail until it is right`,
  });

/** What every service reads. An app adds its own: `export const consentConfig = { ...serviceSettings, sharesPerDayMax: setting({ ... }) }`. */
export const serviceSettings = {
  data: setting({ variable: 'TILLID_DATA', schema: folder, meaning: "the service's own folder: stores, secrets", breaks: 'another folder is another, empty service' }),
  tls: setting({ variable: 'TILLID_TLS', schema: folder, meaning: 'folder of key.pem, cert.pem, ca.pem', breaks: 'the service does not start' }),
  grpcListen: setting({ variable: 'TILLID_GRPC_LISTEN', schema: hostAndPort, meaning: 'host:port for gRPC (mTLS)', breaks: 'nobody finds the service' }),
  httpListen: setting({
    variable: 'TILLID_HTTP_LISTEN',
    schema: optional(hostAndPort),
    meaning: 'host:port for public HTTP routes, if the service has any',
    breaks: 'unset: public routes are not served',
  }),
  httpsListen: setting({
    variable: 'TILLID_HTTPS_LISTEN',
    schema: optional(hostAndPort),
    meaning: 'host:port for all HTTP routes, by client certificate',
    breaks: 'unset: routes for known callers are not served',
  }),
  identity: peer('identity'),
  authentication: peer('authentication'),
  consent: peer('consent'),
  audit: peer('audit'),
  jwksUrls: setting({
    variable: 'TILLID_JWKS_URL',
    schema: optional(httpsUrls),
    meaning: "where authentication's token keys are, checked against ca.pem; of several replicas: by commas, asked until one answers",
    breaks: 'unset: every citizen token is refused (authentication itself needs none)',
  }),
  origin: setting({
    variable: 'TILLID_ORIGIN',
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9./_-]{1,199}$/, 'not an origin'),
    meaning: "the installation's own name: origin of its log, issuer of its citizens' tokens; fixed at first start, the same for every service",
    breaks: 'another name: tokens are refused, and audit does not start on the log it has',
  }),
  mongoUrl: setting({
    variable: 'TILLID_MONGO_URL',
    schema: optional(mongoUrl),
    meaning: 'MongoDB, when the service has several replicas; `tls=true` in it: by the certificate in TILLID_TLS',
    breaks: 'unset: stores are files in TILLID_DATA, and this process must be the only replica',
  }),
  secretsKey: setting({
    variable: 'TILLID_SECRETS_KEY',
    schema: optional(folder),
    meaning: 'file of 32 bytes that seals the secrets which replicas share in the database; required with TILLID_MONGO_URL',
    breaks: 'another key: the service does not start, for it cannot open its own secrets',
  }),
  kafkaBrokers: setting({
    variable: 'TILLID_KAFKA_BROKERS',
    schema: optional(brokers),
    meaning: "Kafka's first brokers by commas, over TLS by the certificate in TILLID_TLS",
    breaks: "unset: the other services' events come over gRPC only",
  }),
  kafkaReplication: setting({
    variable: 'TILLID_KAFKA_REPLICATION',
    schema: count(1, 9),
    default: '3',
    meaning: "how many brokers hold each record of this service's topic; `migrate` makes it so, a start requires it",
    breaks: 'more than there are brokers: `migrate` fails; 1: a broker that is lost takes the topic along, and everyone back-fills over gRPC',
  }),
  kafkaRetentionHours: setting({
    variable: 'TILLID_KAFKA_RETENTION_HOURS',
    schema: count(1, 8760),
    default: '72',
    meaning: "how long Kafka keeps this service's events; the log keeps them for good",
    breaks: 'shorter than a consumer may be away: it back-fills over gRPC instead',
  }),
  replica: setting({
    variable: 'TILLID_REPLICA',
    schema: plainName,
    default: hostname(),
    meaning: "this replica's name, as holder of leases: unique among the replicas of the service",
    breaks: 'two of one name: logs and `tillid status` cannot tell them apart',
    documentedDefault: 'the host name',
  }),
  leaseMs: setting({
    variable: 'TILLID_LEASE_MS',
    schema: count(500, 60_000),
    default: '3000',
    meaning: 'a lease whose holder has been silent for so long is taken by another replica; the same for every replica',
    breaks: 'longer: lists stand still for longer after a replica died; shorter: a slow database makes leases flap',
  }),
  metricsListen: setting({
    variable: 'TILLID_METRICS_LISTEN',
    schema: optional(hostAndPort),
    meaning: "host:port for GET /metrics, Prometheus' text over plain HTTP; nothing else is served there, and nothing of anyone",
    breaks: 'unset: not served; open to all: whoever reaches it learns how busy the service is',
  }),
  sourceKeyDays: setting({
    variable: 'TILLID_SOURCE_KEY_DAYS',
    schema: count(0, 3650),
    default: '365',
    meaning: "days after which the key that signs this service's log is replaced, looked at once a day and at start; 0: a new one each time, for when it was stolen",
    breaks: 'longer: whoever stole it can sign for longer; shorter: more announcements in the log',
  }),
  logLevel: setting({ variable: 'TILLID_LOG_LEVEL', schema: logLevel, default: 'info', meaning: 'least level that is logged', breaks: '`silent` hides faults' }),
} as const;

export type ServiceSettings = typeof serviceSettings;
