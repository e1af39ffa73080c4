import { context } from '@opentelemetry/api';
import { metricsEndpoint, type MetricsEndpoint } from './metrics-endpoint.js';
import { AsyncContextManager } from './trace-context.js';

export interface Telemetry {
  /** Where GET /metrics is answered, if it is. */
  readonly metricsPort?: number;
  stop(): Promise<void>;
}

export interface TelemetryOptions {
  /** host:port of Prometheus' text; unset: not served. */
  readonly metricsListen?: string;
}

const switches = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER'] as const;

/**
 * Off unless the standard variables, or `metricsListen`, ask for it: the SDK is then loaded, else not even read from disk
 * (an idle service stays small). Call it before anything makes a span or an instrument.
 */
export async function startTelemetry(serviceName: string, environment: Readonly<Record<string, string | undefined>>, { metricsListen }: TelemetryOptions = {}): Promise<Telemetry> {
  const disabled = environment['OTEL_SDK_DISABLED'] === 'true';
  if (disabled && metricsListen) throw new Error('metrics cannot be served while OTEL_SDK_DISABLED=true');
  const exported = !disabled && switches.some((name) => environment[name] !== undefined && environment[name] !== '' && environment[name] !== 'none');
  if (!exported && !metricsListen) {
    context.setGlobalContextManager(new AsyncContextManager());
    return { stop: () => Promise.resolve() };
  }
  const endpoint = metricsListen ? await metricsEndpoint(metricsListen) : undefined;
  const sdk = await sdkOf(environment['OTEL_SERVICE_NAME'] ?? `tillid-${serviceName}`, exported, endpoint);
  sdk.start();
  if (!endpoint) return { stop: () => sdk.shutdown() };
  const metricsPort = await endpoint.listen();
  return { metricsPort, stop: () => endpoint.stop().then(() => sdk.shutdown()) };
}

async function sdkOf(serviceName: string, exported: boolean, endpoint: MetricsEndpoint | undefined) {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const common = { serviceName, instrumentations: [], autoDetectResources: false };
  // What the environment does not ask for would go to a collector on this machine: the SDK's own default.
  if (!exported) return new NodeSDK({ ...common, metricReaders: [endpoint!.reader], spanProcessors: [], logRecordProcessors: [] });
  const sdk = new NodeSDK(common);
  if (endpoint) alsoReadBy(sdk, endpoint.reader);
  return sdk;
}

/** The SDK takes its readers from the environment or from us, and never both; a test holds this place in it. */
function alsoReadBy(sdk: object, reader: MetricsEndpoint['reader']): void {
  const { _meterProviderConfig: config } = sdk as { _meterProviderConfig?: { readers?: unknown[] } };
  if (!Array.isArray(config?.readers)) throw new Error('this version of the OpenTelemetry SDK keeps its metric readers elsewhere');
  config.readers.push(reader);
}
