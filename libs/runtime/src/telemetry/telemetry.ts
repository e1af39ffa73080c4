import { context } from '@opentelemetry/api';
import { AsyncContextManager } from './trace-context.js';

export interface Telemetry {
  stop(): Promise<void>;
}

const switches = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER'] as const;

/**
 * Off unless the standard variables ask for it: the SDK is then loaded, else not even read from disk (an idle service
 * stays small). Call it before anything makes a span or an instrument.
 */
export async function startTelemetry(serviceName: string, environment: Readonly<Record<string, string | undefined>>): Promise<Telemetry> {
  const wanted = environment['OTEL_SDK_DISABLED'] !== 'true' && switches.some((name) => environment[name] !== undefined && environment[name] !== '' && environment[name] !== 'none');
  if (!wanted) {
    context.setGlobalContextManager(new AsyncContextManager());
    return { stop: () => Promise.resolve() };
  }
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({ serviceName: environment['OTEL_SERVICE_NAME'] ?? `tillid-${serviceName}`, instrumentations: [], autoDetectResources: false });
  sdk.start();
  return { stop: () => sdk.shutdown() };
}
