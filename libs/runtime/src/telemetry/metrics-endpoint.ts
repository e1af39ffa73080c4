import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { splitHostAndPort } from '../setting-schemas.js';

export interface MetricsEndpoint {
  /** Given to the SDK before it starts: collects when it is asked. */
  readonly reader: PrometheusExporter;
  /** Resolves with the port once GET /metrics is answered; rejects when the address cannot be had. */
  listen(): Promise<number>;
  stop(): Promise<void>;
}

const connectionsMax = 16;
const requestMs = 5000;
const textOfPrometheus = 'text/plain; version=0.0.4; charset=utf-8';

/** GET /metrics in Prometheus' text, plain HTTP, and nothing else: for who watches the machines, inside their network. */
export async function metricsEndpoint(address: string): Promise<MetricsEndpoint> {
  const { PrometheusExporter, PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  const text = async () => serializer.serialize((await reader.collect()).resourceMetrics);
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: requestMs }, answering(text));
  server.maxConnections = connectionsMax;
  return {
    reader,
    listen: () => listen(server, address),
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** One collection at a time: a second who asks meanwhile is told to come again, so no number of them costs more than one. */
function answering(text: () => Promise<string>): (request: IncomingMessage, response: ServerResponse) => void {
  let busy = false;
  return (request, response) => {
    // Nothing is read of a body; the connection ends with the answer to who sends one.
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) response.setHeader('connection', 'close');
    if (request.url?.split('?')[0] !== '/metrics') return end(response, 404);
    if (request.method !== 'GET') return end(response.setHeader('allow', 'GET'), 405);
    if (busy) return end(response.setHeader('retry-after', '1'), 503);
    busy = true;
    text()
      .then((body) => response.writeHead(200, { 'content-type': textOfPrometheus, 'cache-control': 'no-store' }).end(body), () => end(response, 500))
      .finally(() => (busy = false));
  };
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(splitHostAndPort(address), () => resolve((server.address() as AddressInfo).port));
  });
}
