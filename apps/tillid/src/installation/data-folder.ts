import { join, resolve } from 'node:path';
import type { CallerName } from '@tillid/crypto';
import type { ServiceName } from '@tillid/runtime';

/** The checkout: this file is apps/tillid/dist/installation/data-folder.js in it. */
export const checkout = resolve(import.meta.dirname, '../../../..');
export const defaultDataFolder = join(checkout, '.tillid');

/** The only place that knows where things lie in a data folder. */
export class DataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get installation(): string {
    return join(this.path, 'installation.json');
  }
  get lock(): string {
    return join(this.path, 'lock');
  }
  get running(): string {
    return join(this.path, 'running.json');
  }
  /** Only `tillid up` reads it. */
  get authority(): string {
    return join(this.path, 'authority');
  }
  /** The authority's certificate, for everyone. */
  get ca(): string {
    return join(this.path, 'ca.pem');
  }
  /** A file `<kind>.<id>` here asks `tillid up` to sign the request in that caller's folder. */
  get requests(): string {
    return join(this.path, 'requests');
  }
  get callers(): string {
    return join(this.path, 'callers');
  }
  get vkey(): string {
    return join(this.path, 'audit', 'log.vkey');
  }
  get publicLog(): string {
    return join(this.path, 'audit', 'log');
  }
  /** Says that the database beside this folder keeps nothing over a restart. */
  get standIn(): string {
    return join(this.path, 'stand-in');
  }
  /** Key, certificate and authority of the Kafka broker, where there is one. */
  get brokerTls(): string {
    return join(this.path, 'kafka', 'tls');
  }
  /** Of whoever makes topics and says who may read them. */
  get brokerAdministratorTls(): string {
    return join(this.path, 'kafka', 'administrator');
  }
  get logs(): string {
    return join(this.path, 'logs');
  }
  service(name: ServiceName): string {
    return join(this.path, name);
  }
  tls(name: ServiceName): string {
    return join(this.path, name, 'tls');
  }
  /** Seals the secrets which replicas share in the database. */
  secretsKey(name: ServiceName): string {
    return join(this.path, name, 'secrets-key');
  }
  caller({ kind, id }: CallerName): string {
    return join(this.callers, kind, id);
  }
  replicaLog(name: string): string {
    return join(this.logs, `${name}.log`);
  }
}
