import { setTimeout as delay } from 'node:timers/promises';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { feedReaderOf, rpcClient, rpcCredentials } from '@tillid/rpc';
import { auditSourceOf, ledgerSource } from '@tillid/eventsourcing';
import { readVkey } from '../log/open-log.js';
import type { RunningSystem } from '../running-system.js';
import type { SourceService } from './source-feed.js';

const pollMs = 200;

export interface RunningServices {
  readonly services: readonly SourceService[];
  /** Waits until the signed tree has these positions, the ledger's own among them, at most `waitMs`: what is missing then is reported by comparing. */
  reached(heads: ReadonlyMap<string, number>): Promise<void>;
  close(): void;
}

/** The four services through their feeds, called as an auditor. */
export function runningServices(system: RunningSystem, waitMs: number): RunningServices {
  const leaving = new AbortController();
  const auditSource = auditSourceOf(readVkey(system.vkeyFile).name);
  const sourceOf = (name: string) => (name === 'audit' ? auditSource : `${name}/0`);
  const names = ['identity', 'authentication', 'consent', 'audit'] as const;
  const clients = names.map((name) => ({ name, client: rpcClient(FeedServiceService, system.grpc[name], rpcCredentials(system.tls, name)) }));
  const audit = rpcClient(AuditServiceService, system.grpc.audit, rpcCredentials(system.tls, 'audit'));

  return {
    services: clients.map(({ name, client }) => ({
      source: sourceOf(name),
      getHead: () => client.getHead({}),
      subscribe: () => feedReaderOf(client).subscribe(sourceOf(name), 0, leaving.signal),
    })),
    async reached(heads) {
      const until = Date.now() + waitMs;
      for (; Date.now() < until; await delay(pollMs)) {
        const { coverage } = await audit.getCoverage({}).catch(() => ({ coverage: undefined }));
        if (!coverage) continue;
        const integrated = new Map(coverage.sources.map(({ source, integratedPosition }) => [source, integratedPosition]));
        integrated.set(ledgerSource, coverage.checkpointSize);
        if ([...heads].every(([source, position]) => (integrated.get(source) ?? 0) >= position)) return;
      }
    },
    close() {
      leaving.abort();
      for (const { client } of clients) client.close();
      audit.close();
    },
  };
}
