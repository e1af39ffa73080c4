import { serviceNames, serviceSettings } from '@tillid/runtime';
import { readConfig } from '@tillid/runtime';
import { describe, expect, it } from 'vitest';
import { addressesFrom, allOf } from '../installation/addresses.js';
import { DataFolder } from '../installation/data-folder.js';
import { serviceEnvironment } from './service-command.js';

describe('what a service is told', () => {
  it('is what its own settings ask for, and nothing they do not know', () => {
    for (const name of serviceNames) {
      const environment = serviceEnvironment(name, new DataFolder('/data'), { id: 'x', origin: 'tillid.local/x', portBase: 7400 }, addressesFrom(7400));
      expect(readConfig(serviceSettings, environment)).toMatchObject({ data: `/data/${name}`, tls: `/data/${name}/tls`, identity: '127.0.0.1:7401', audit: '127.0.0.1:7404', origin: 'tillid.local/x' });
    }
  });

  it('gives every listener a port of its own', () => {
    const addresses = addressesFrom(9000);
    const { http, https } = addresses;
    expect(new Set(allOf(addresses)).size).toBe(8);
    expect([http.authentication, http.audit, https.authentication, https.audit]).toEqual(['127.0.0.1:9012', '127.0.0.1:9014', '127.0.0.1:9022', '127.0.0.1:9024']);
  });
});
