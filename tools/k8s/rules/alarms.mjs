// Every alarm has a section in the runbooks and every section an alarm; every metric in either is one that somebody measures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prometheusMetrics } from '../apps.mjs';
import { ofKind } from '../manifests.mjs';

/** cert-manager's and Prometheus's own. */
const others = new Set(['certmanager_certificate_expiration_timestamp_seconds', 'up']);
export const runbooks = readFileSync(join(import.meta.dirname, '../../../docs/runbooks/README.md'), 'utf8');

export function alarmsOf(manifests) {
  return ofKind(manifests, 'PrometheusRule').flatMap(({ spec }) => spec.groups).flatMap(({ rules }) => rules);
}

export function alarmsAgree(manifests, text = runbooks) {
  const alarms = alarmsOf(manifests);
  const names = alarms.map(({ alert }) => alert);
  const sections = [...text.matchAll(/^## (Tillid\w+)$/gm)].map(([, name]) => name);
  const unknown = [...alarms.map(({ expr }) => expr), text].flatMap((each) => each.match(/\b(tillid|certmanager)_[a-z_]+\b/g) ?? []).filter((metric) => !labels.has(metric) && !prometheusMetrics.has(metric) && !others.has(metric));
  return [
    ...names.filter((name) => !sections.includes(name)).map((name) => `the alarm ${name} has no section in docs/runbooks`),
    ...sections.filter((name) => !names.includes(name)).map((name) => `docs/runbooks has a section ${name}, and there is no such alarm`),
    ...alarms.filter(({ alert, annotations }) => annotations.runbook !== `docs/runbooks/README.md#${alert.toLowerCase()}`).map(({ alert }) => `the alarm ${alert} does not lead to its section`),
    ...[...new Set(unknown)].map((metric) => `nobody measures ${metric}`),
  ];
}

/** Labels look like metrics: tillid.source is a label of tillid.consumer.lag. */
const labels = new Set(['tillid_source', 'tillid_consumer', 'tillid_service', 'tillid_lease', 'tillid_change', 'tillid_witness']);
