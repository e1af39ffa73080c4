import { rpcClient, type RpcCredentials } from '@tillid/rpc';

/** grpc.health.v1, as much of it as is asked here: an empty request, and field 1 of the reply being SERVING. */
const healthService = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: () => ({}),
    responseSerialize: () => Buffer.alloc(0),
    responseDeserialize: (bytes: Buffer) => ({ serving: bytes[0] === 0x08 && bytes[1] === 0x01 }),
  },
} as const;

const lookEveryMs = 40;
const answerMs = 1000;

/** True as soon as the service says SERVING; false when `giveUp` says so. */
export async function waitUntilServing(address: string, credentials: RpcCredentials, giveUp: () => boolean): Promise<boolean> {
  while (!giveUp()) {
    if (await isServing(address, credentials)) return true;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return false;
}

/** A client for each look: one that has met a closed port waits a second before it tries again, and we need not. */
export async function isServing(address: string, credentials: RpcCredentials): Promise<boolean> {
  const client = rpcClient(healthService, address, credentials, { timeoutMs: answerMs, retries: 0 });
  try {
    return (await client.check({})).serving;
  } catch {
    return false;
  } finally {
    client.close();
  }
}
