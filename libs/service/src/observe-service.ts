import { X509Certificate } from 'node:crypto';
import { observeCertificate, observeConsumers } from '@tillid/runtime';
import type { ServiceParts } from './service-parts.js';
import type { Shell } from './shell.js';

/** What every service tells of itself when its metrics are collected. Called once its consumers have begun. */
export function observeService({ clock, telemetry, tls }: Shell, { progress }: Pick<ServiceParts, 'progress'>): void {
  observeConsumers(() =>
    progress.list().map(({ source, consumer, position, headPosition, parked, lastHeardMs }) => {
      const silentMs = lastHeardMs === 0 ? undefined : Math.max(0, clock.nowMs() - lastHeardMs);
      return { source, consumer, lag: Math.max(0, headPosition - position), parked, silentMs };
    }),
  );
  // A counter that is not there yet cannot be seen to grow from nothing.
  for (const { source, consumer } of progress.list()) for (const name of ['consumer.gaps', 'consumer.faults'] as const) telemetry.count(name, { source, consumer }, 0);
  observeCertificate(() => Date.parse(new X509Certificate(tls.cert).validTo));
}
