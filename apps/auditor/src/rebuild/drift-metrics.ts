import { rename, writeFile } from 'node:fs/promises';
import { attributeNames, metricNames } from '@tillid/runtime';
import type { ComparedList } from './compare-lists.js';

/** Prometheus's text format, as node_exporter's textfile collector reads it: 0 where a list is what the ledger gives, 1 where not. */
export function driftMetrics(lists: readonly ComparedList[], nowMs: number): string {
  const drift = inPrometheus(metricNames.readModelDrift);
  const checked = inPrometheus(metricNames.readModelChecked);
  const service = inPrometheus(attributeNames.service);
  const consumer = inPrometheus(attributeNames.consumer);
  return [
    `# TYPE ${drift} gauge`,
    ...lists.map((list) => `${drift}{${service}="${list.service}",${consumer}="${list.name}"} ${list.verdict === 'same' ? 0 : 1}`),
    `# TYPE ${checked} gauge`,
    `${checked} ${Math.floor(nowMs / 1000)}`,
    '',
  ].join('\n');
}

/** By renaming: whoever collects it reads the old numbers or the new ones. */
export async function writeMetrics(path: string, text: string): Promise<void> {
  await writeFile(`${path}.writing`, text);
  await rename(`${path}.writing`, path);
}

function inPrometheus(name: string): string {
  return name.replaceAll('.', '_');
}
