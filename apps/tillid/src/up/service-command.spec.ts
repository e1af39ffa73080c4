import { serviceSettings } from '@tillid/runtime';
import { readConfig } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { addressesFrom, allOf, firstOf, portSpan } from '../installation/addresses.js';
import { DataFolder } from '../installation/data-folder.js';
import { serviceEnvironment } from './service-command.js';

const installation = { id: 'x', origin: 'tillid.local/x', portBase: 7400, stores: 'files' } as const;

describe('what a service is told', () => {
  it('is what its own settings ask for, and nothing they do not know', () => {
    const addresses = addressesFrom(7400);
    for (const replica of addresses.replicas) {
      const environment = serviceEnvironment(replica, new DataFolder('/data'), installation, addresses);
      expect(readConfig(serviceSettings, environment)).toMatchObject({ data: `/data/${replica.service}`, tls: `/data/${replica.service}/tls`, identity: '127.0.0.1:7401', audit: '127.0.0.1:7404', origin: 'tillid.local/x' });
    }
  });

  it('of a cluster is besides where the engines are, who it is, and every replica of the others', () => {
    const addresses = addressesFrom(7400, 2);
    const engines = { mongoUrl: 'mongodb://127.0.0.1:11000/', kafkaBrokers: ['127.0.0.1:11001'], kafkaReplication: 1 };
    for (const replica of addresses.replicas) {
      const environment = serviceEnvironment(replica, new DataFolder('/data'), { ...installation, stores: 'database' }, addresses, engines);
      expect(readConfig(serviceSettings, environment)).toMatchObject({ replica: replica.name, mongoUrl: engines.mongoUrl, secretsKey: `/data/${replica.service}/secrets-key`, kafkaBrokers: '127.0.0.1:11001', kafkaReplication: 1, consent: '127.0.0.1:7403,127.0.0.1:7433' });
    }
  });

  it('gives every listener a port of its own', () => {
    const addresses = addressesFrom(9000, 2);
    expect(new Set(allOf(addresses)).size).toBe(16);
    expect(Math.max(...allOf(addresses).map((address) => Number(address.split(':')[1])))).toBe(9000 + portSpan);
    expect(firstOf(addresses, 'authentication')).toMatchObject({ name: 'authentication-1', http: '127.0.0.1:9012', https: '127.0.0.1:9022' });
    expect(firstOf(addressesFrom(9000), 'audit')).toMatchObject({ name: 'audit', grpc: '127.0.0.1:9004', http: '127.0.0.1:9014', https: '127.0.0.1:9024' });
  });
});
