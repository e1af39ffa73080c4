// What the manifests use and the programs are only about to have. As soon as they have it, the check says that the line here must go.
import { metricNames, serviceSettings } from '../../libs/runtime/dist/index.js';
import { hostAndPort } from '../../libs/runtime/dist/setting-schemas.js';

export const comingSettings = {
  metricsListen: { variable: 'TILLID_METRICS_LISTEN', schema: hostAndPort.optional(), meaning: 'host:port for Prometheus', breaks: 'unset: no metrics' },
};
export const comingMetrics = ['tillid.relay.lag', 'tillid.lease.changes', 'tillid.checkpoint.age', 'tillid.consumer.relay_refused'];

export function come() {
  const variables = new Set(Object.values(serviceSettings).map(({ variable }) => variable));
  const metrics = new Set(Object.values(metricNames));
  return [...Object.values(comingSettings).map(({ variable }) => variable).filter((variable) => variables.has(variable)), ...comingMetrics.filter((name) => metrics.has(name))];
}
