import { setTimeout as delay } from 'node:timers/promises';
import { AuditServiceService } from '@tillid/contracts/audit/v1/service';
import { FeedServiceService } from '@tillid/contracts/feed/v1/service';
import { feedReaderOf, rpcClient, rpcCredentials } from '@tillid/rpc';
import type { RunningSystem } from '../running-system.js';
import type { SourceService } from './source-feed.js';

const pollMs = 200;

export interface RunningServices {
  readonly services: readonly SourceService[];
  /** Waits until the signed tree has these positions, at most `waitMs`: what is missing then is reported by comparing. */
  reached(heads: ReadonlyMap<string, number>): Promise<void>;
  close(): void;
}

/** The four services through their feeds, called as an auditor. */
export function runningServices(system: RunningSystem, waitMs: number): RunningServices {
  const leaving = new AbortController();
  const names = ['identity', 'authentication', 'consent', 'audit'] as const;
  const clients = names.map((name) => ({ name, client: rpcClient(FeedServiceService, system.grpc[name], rpcCredentials(system.tls, name)) }));
  const audit = rpcClient(AuditServiceService, system.grpc.audit, rpcCredentials(system.tls, 'audit'));

  return {
    services: clients.map(({ name, client }) => ({
      source: `${name}/0`,
      getHead: () => client.getHead({}),
      subscribe: () => feedReaderOf(client).subscribe(`${name}/0`, 0, leaving.signal),
    })),
    async reached(heads) {
      const until = Date.now() + waitMs;
      // The ledger's own length is the sum of what it took in; once the heads are in it, the tree must reach that.
      for (let needed: number | undefined; Date.now() < until; await delay(pollMs)) {
        const { coverage } = await audit.getCoverage({}).catch(() => ({ coverage: undefined }));
        if (!coverage) continue;
        const takenIn = new Map(coverage.sources.map(({ source, takenInPosition }) => [source, takenInPosition]));
        if ([...heads].some(([source, position]) => (takenIn.get(source) ?? 0) < position)) continue;
        needed ??= [...takenIn.values()].reduce((sum, position) => sum + position, 0);
        if (coverage.checkpointSize >= needed) return;
      }
    },
    close() {
      leaving.abort();
      for (const { client } of clients) client.close();
      audit.close();
    },
  };
}
