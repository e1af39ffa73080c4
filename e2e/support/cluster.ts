import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompareAndSetRecord, EventStore } from '@tillid/eventsourcing';
import { sealedSecrets, systemIds, type Secrets } from '@tillid/crypto';
import { mongoCompareAndSetRecord, mongoEventStore, openMongo, type MongoDatabase } from '@tillid/store-mongo';
import { startEngines, tcpProxy, type Engines, type TcpProxy } from '@tillid/testing';
import { type ServiceName, System } from './system.js';

/** Two replicas of each service on a MongoDB-wire server, behind a wire that can be cut, and a real Kafka over TLS. */
export class Cluster {
  private readonly databases = new Map<string, MongoDatabase>();

  private constructor(
    readonly system: System,
    readonly engines: Engines,
    /** Between the services and the database; the test itself goes past it. */
    readonly wire: TcpProxy,
  ) {}

  /** Undefined where the engines cannot be had; what to install was said then. */
  static async start(portBase: number, environment: Readonly<Record<string, string>> = {}): Promise<Cluster | undefined> {
    let engines: Engines | undefined;
    let wire: TcpProxy | undefined;
    const system = await System.startCluster(portBase, async (data) => {
      engines = await startEngines({ mongo: true, kafka: { tlsFolder: join(data, 'kafka/tls'), superUsers: ['kafka', 'kafka-administrator'].map((id) => `User:CN=${id},OU=service`) } });
      if (!engines) return undefined;
      const { hostname, port } = new URL(engines.mongoUrl);
      wire = await tcpProxy({ host: hostname, port: Number(port) });
      const url = engines.mongoUrl.replace(`:${port}`, `:${wire.port}`);
      return { ...environment, TILLID_ENGINES_MONGO_URL: url, TILLID_ENGINES_KAFKA_BROKERS: engines.brokers.join(), TILLID_ENGINES_KAFKA_TLS: '1' };
    });
    return system && engines && wire && new Cluster(system, engines, wire);
  }

  /** The replica that holds a lease now; empty for none. */
  async holder(service: ServiceName, lease: string): Promise<string> {
    const stored = await (await this.record(service, `lease-${lease}`)).get();
    return stored ? (JSON.parse(Buffer.from(stored.value).toString()) as { holder: string }).holder : '';
  }

  async record(service: ServiceName, name: string): Promise<CompareAndSetRecord> {
    return mongoCompareAndSetRecord({ database: await this.database(`tillid-${service}-apart`), name });
  }

  async secrets(service: ServiceName): Promise<Secrets> {
    const key = await readFile(join(this.system.data, service, 'secrets-key'));
    return sealedSecrets({ service, key, record: (name) => this.record(service, `secret-${name}`), ids: systemIds });
  }

  async eventStore(service: ServiceName, name: string): Promise<EventStore> {
    return mongoEventStore({ database: await this.database(`tillid-${service}`), name });
  }

  async remove(): Promise<void> {
    await Promise.all([...this.databases.values()].map((database) => database.close()));
    await this.system.remove();
    await this.wire.close();
    await this.engines.stop();
  }

  private async database(name: string): Promise<MongoDatabase> {
    const database = this.databases.get(name) ?? (await openMongo({ url: this.engines.mongoUrl, database: name }));
    this.databases.set(name, database);
    return database;
  }
}
