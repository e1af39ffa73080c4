import { z } from 'zod';
import { setting } from './config.js';
import { count, folder, hostAndPort, httpsUrl, logLevel } from './setting-schemas.js';

const peer = (name: string) =>
  setting({
    variable: `TILLID_${name.toUpperCase()}` as `TILLID_${string}`,
    schema: hostAndPort,
    meaning: `host:port of ${name}'s gRPC`,
    breaks: `calls to ${name}, and the feed from it, fail until it is right`,
  });

/** What every service reads. An app adds its own: `export const consentConfig = { ...serviceSettings, sharesPerDayMax: setting({ ... }) }`. */
export const serviceSettings = {
  data: setting({ variable: 'TILLID_DATA', schema: folder, meaning: "the service's own folder: stores, secrets", breaks: 'another folder is another, empty service' }),
  tls: setting({ variable: 'TILLID_TLS', schema: folder, meaning: 'folder of key.pem, cert.pem, ca.pem', breaks: 'the service does not start' }),
  grpcListen: setting({ variable: 'TILLID_GRPC_LISTEN', schema: hostAndPort, meaning: 'host:port for gRPC (mTLS)', breaks: 'nobody finds the service' }),
  httpListen: setting({
    variable: 'TILLID_HTTP_LISTEN',
    schema: hostAndPort.optional() as z.ZodType<string | undefined, string>,
    meaning: 'host:port for public HTTP routes, if the service has any',
    breaks: 'unset: public routes are not served',
  }),
  httpsListen: setting({
    variable: 'TILLID_HTTPS_LISTEN',
    schema: hostAndPort.optional() as z.ZodType<string | undefined, string>,
    meaning: 'host:port for all HTTP routes, by client certificate',
    breaks: 'unset: routes for known callers are not served',
  }),
  identity: peer('identity'),
  authentication: peer('authentication'),
  consent: peer('consent'),
  audit: peer('audit'),
  jwksUrl: setting({
    variable: 'TILLID_JWKS_URL',
    schema: httpsUrl.optional() as z.ZodType<string | undefined, string>,
    meaning: "where authentication's token keys are, checked against ca.pem",
    breaks: 'unset: every citizen token is refused (authentication itself needs none)',
  }),
  origin: setting({
    variable: 'TILLID_ORIGIN',
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9./_-]{1,199}$/, 'not an origin'),
    meaning: "the installation's own name: origin of its log, issuer of its citizens' tokens; fixed at first start, the same for every service",
    breaks: 'another name: tokens are refused, and audit does not start on the log it has',
  }),
  metricsListen: setting({
    variable: 'TILLID_METRICS_LISTEN',
    schema: hostAndPort.optional() as z.ZodType<string | undefined, string>,
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
