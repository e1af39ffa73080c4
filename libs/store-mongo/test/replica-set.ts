import mongoose from 'mongoose';
import type { Engines } from '@tillid/testing';

const { MongoClient } = mongoose.mongo;
type Client = InstanceType<typeof MongoClient>;

/** Why fail-over cannot be tried here; undefined where it can. */
export async function noReplicaSet(engines: Engines | undefined): Promise<string | undefined> {
  if (!engines) return 'no MongoDB here';
  const set = await ReplicaSet.at(engines.mongoUrl);
  if (!set) return 'MongoDB here is a stand-in without members; name a replica set in TILLID_ENGINES_MONGO_URL, or start Docker';
  await set.close();
  return undefined;
}

/** Pulls at a replica set by its own commands. */
export class ReplicaSet {
  private constructor(
    private readonly client: Client,
    private readonly members: readonly string[],
    /** Only then can replication be held up: `--setParameter enableTestCommands=1`. */
    readonly takesTestCommands: boolean,
  ) {}

  static async at(url: string): Promise<ReplicaSet | undefined> {
    const client = await new MongoClient(url).connect();
    // A stand-in need not know the command.
    const { hosts } = (await client.db('admin').command({ hello: 1 }).catch(() => ({}))) as { hosts?: string[] };
    if (!hosts) {
      await client.close();
      return undefined;
    }
    const testing = await client.db('admin').command({ getParameter: 1, enableTestCommands: 1 }).then(({ enableTestCommands }) => Boolean(enableTestCommands), () => false);
    return new ReplicaSet(client, hosts, testing);
  }

  /** The primary gives up its place, at once, whether or not the others have all it has; and does not take it again for so long. */
  async stepDown(seconds: number): Promise<string> {
    const primary = await this.#primary();
    // It closes its connections, that of the command among them.
    await onMember(primary, (admin) => admin.command({ replSetStepDown: seconds, secondaryCatchUpPeriodSecs: 0, force: true })).catch(() => undefined);
    return primary;
  }

  /** From now on the secondaries fetch nothing: what the primary writes is its own alone. */
  async holdReplication(): Promise<void> {
    const primary = await this.#primary();
    await Promise.all(this.members.filter((member) => member !== primary).map((member) => failPoint(member, 'alwaysOn')));
  }

  async letReplicationGoOn(): Promise<void> {
    await Promise.all(this.members.map((member) => failPoint(member, 'off')));
  }

  /** One of the others takes the place of a primary that gave it up. */
  async elect(otherThan: string): Promise<void> {
    for (const member of this.members.filter((name) => name !== otherThan)) {
      const elected = await onMember(member, (admin) => admin.command({ replSetStepUp: 1 })).then(() => true, () => false);
      if (elected) return;
    }
    throw new Error('no member could be elected');
  }

  /** How often a member has taken back what it wrote. */
  async rollbacks(member: string): Promise<number> {
    const status = await onMember(member, (admin) => admin.command({ replSetGetRBID: 1 }));
    return (status as { rbid: number }).rbid;
  }

  async #primary(): Promise<string> {
    const { primary } = (await this.client.db('admin').command({ hello: 1 })) as { primary?: string };
    if (primary === undefined) throw new Error('the replica set has no primary');
    return primary;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function failPoint(member: string, mode: 'alwaysOn' | 'off'): Promise<object> {
  return onMember(member, (admin) => admin.command({ configureFailPoint: 'stopReplProducer', mode }));
}

async function onMember<Answer>(member: string, ask: (admin: ReturnType<Client['db']>) => Promise<Answer>): Promise<Answer> {
  const client = await new MongoClient(`mongodb://${member}/?directConnection=true`, { serverSelectionTimeoutMS: 5000 }).connect();
  try {
    return await ask(client.db('admin'));
  } finally {
    await client.close();
  }
}
