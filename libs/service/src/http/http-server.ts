import { TLSSocket } from 'node:tls';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Refused, type RefusalKind } from '@tillid/kernel';
import { attributeNames, inSpan, requestContext, spanNames, type Logger } from '@tillid/runtime';
import type { TlsIdentity } from '@tillid/rpc';
import type { Caller } from '../call.js';
import type { Gate } from '../gate/gate.js';
import type { RateLimit } from '../gate/rate-limit.js';
import type { RefusalLog } from '../gate/refusal-log.js';
import type { HttpRoute } from '../http-route.js';
import { refusalOf } from '../pipeline/wire-errors.js';

export interface HttpServerParts {
  readonly routes: readonly HttpRoute[];
  readonly gate: Pick<Gate, 'callerOf'>;
  readonly rates: RateLimit;
  readonly refusals: RefusalLog;
  readonly logger: Logger;
}

/** Calls a minute by one caller (mTLS), or by one address (public), over all routes. */
const callsPerMinute = 60_000;

/** The public listener has the public routes and no others; the mTLS listener has all. */
export function publicHttpServer(parts: HttpServerParts): FastifyInstance {
  return withRoutes(Fastify(options), parts.routes.filter((route) => route.access === 'public'), parts);
}

/** A renewed certificate is shown from the next connection on. */
export function mutualTlsHttpServer(parts: HttpServerParts, tls: TlsIdentity): FastifyInstance {
  const context = () => ({ key: tls.key, cert: tls.cert, ca: tls.ca, minVersion: 'TLSv1.3' as const });
  const server = Fastify({ ...options, https: { ...context(), requestCert: true, rejectUnauthorized: true } });
  const stopListening = tls.onRenewed?.(() => server.server.setSecureContext(context()));
  server.addHook('onClose', async () => stopListening?.());
  return withRoutes(server as unknown as FastifyInstance, parts.routes, parts);
}

const options = { logger: false, bodyLimit: 1024, connectionTimeout: 30_000, requestTimeout: 30_000, routerOptions: { maxParamLength: 500, ignoreTrailingSlash: false } } as const;

interface Known {
  caller?: Caller;
}

function withRoutes(server: FastifyInstance, routes: readonly HttpRoute[], parts: HttpServerParts): FastifyInstance {
  const byUrl = new Map(routes.map((route) => [route.path, route]));
  const known = new WeakMap<FastifyRequest, Known>();

  // THE hook: in front of every route, those that do not exist included.
  server.addHook('onRequest', async (request) => {
    const caller = callerOf(request, parts);
    known.set(request, caller ? { caller } : {});
    parts.rates.take(`http ${caller ? `${caller.kind}/${caller.id}` : request.ip}`, callsPerMinute);
    const route = byUrl.get(request.routeOptions.url ?? '');
    if (!route) throw new Refused('route.unknown', 'not_found');
    if (route.access === 'public' || (caller && route.access.includes(caller.kind))) return;
    if (!caller) throw new Refused('call.unauthenticated', 'unauthenticated');
    await parts.refusals.broken({ caller, rpc: `${route.method} ${route.path}`, reason: 'call.not_allowed' });
    throw new Refused('call.not_allowed', 'not_allowed');
  });
  server.setErrorHandler((error, request, reply) => sendError(error, request, reply, parts.logger));
  server.setNotFoundHandler((request, reply) => sendError(new Refused('route.unknown', 'not_found'), request, reply, parts.logger));

  for (const route of routes) {
    server.route({
      method: route.method,
      url: route.path,
      handler: (request, reply) =>
        inSpan(spanNames.http, { parent: requestContext(undefined), attributes: { [attributeNames.httpRoute]: route.path } }, async () => {
          const { caller } = known.get(request) ?? {};
          const answer = await route.handle({ path: request.url.split('?')[0]!, params: request.params as Record<string, string>, headers: request.headers, ...(caller && { caller }) });
          return reply.code(answer.status).headers({ 'x-content-type-options': 'nosniff', ...answer.headers }).type(answer.contentType).send(answer.body);
        }),
    });
  }
  return server;
}

function callerOf(request: FastifyRequest, { gate }: HttpServerParts): Caller | undefined {
  const { socket } = request.raw;
  if (!(socket instanceof TLSSocket)) return undefined;
  return gate.callerOf({ certificate: socket.authorized ? socket.getPeerCertificate().raw : undefined });
}

const statuses: Readonly<Record<RefusalKind, number>> = { invalid: 400, precondition: 412, not_found: 404, taken: 409, not_allowed: 403, unauthenticated: 401, busy: 429, conflict: 409, unknown_outcome: 503 };

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): FastifyReply {
  const refused = refusalOf(error);
  const status = refused ? statuses[refused.kind] : statusIn(error);
  if (refused?.details.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(refused.details.retryAfterMs / 1000));
  if (status >= 500) logger.error({ err: error, route: request.routeOptions.url }, 'an HTTP request failed');
  return reply.code(status).type('application/json').send(JSON.stringify({ error: refused?.code ?? (status < 500 ? 'call.malformed' : 'call.failed') }));
}

/** fastify's own errors about a request (a body too large, a broken URL) say which 4xx they are. */
function statusIn(error: unknown): number {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : 500;
}
