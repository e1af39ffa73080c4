import { ReadModelServiceService } from '@tillid/contracts/readmodels/v1/service';
import { rpcClient, rpcCredentials } from '@tillid/rpc';
import type { ServiceName } from '@tillid/runtime';
import { CouldNotLook } from '../could-not-look.js';
import type { RunningSystem } from '../running-system.js';
import type { List } from './compare-lists.js';

/** What a service says its lists are now. */
export async function liveLists(system: RunningSystem, service: ServiceName): Promise<List[]> {
  const client = rpcClient(ReadModelServiceService, system.grpc[service], rpcCredentials(system.tls, service));
  try {
    const lists: List[] = [];
    for await (const digest of client.getDigests({})) lists.push(digest);
    return lists;
  } catch (error) {
    throw new CouldNotLook(`${service} does not say what its lists hold`, { cause: error });
  } finally {
    client.close();
  }
}
