import { describe, expect, it } from 'vitest';
import { ConfigRefused, configRows, readConfig, setting } from './config.js';
import { serviceSettings } from './service-settings.js';
import { count, hostAndPort, splitHostAndPort } from './setting-schemas.js';

const settings = {
  listen: setting({ variable: 'TILLID_LISTEN', schema: hostAndPort, meaning: 'where', breaks: 'nobody comes' }),
  shares: setting({ variable: 'TILLID_SHARES_MAX', schema: count(1, 100), default: '20', meaning: 'how many', breaks: 'too few' }),
};
const problemsOf = (environment: Record<string, string>) => {
  try {
    readConfig(settings, environment);
  } catch (error) {
    if (error instanceof ConfigRefused) return error.problems;
  }
  return undefined;
};

describe('the environment of a program', () => {
  it('is read once, typed, with defaults', () => {
    expect(readConfig(settings, { TILLID_LISTEN: '127.0.0.1:7401', PATH: '/bin' })).toEqual({ listen: '127.0.0.1:7401', shares: 20 });
  });

  it('is refused for a variable that nothing reads: a misspelt limit is not silently the default', () => {
    expect(problemsOf({ TILLID_LISTEN: '127.0.0.1:1', TILLID_SHARE_MAX: '5' })).toEqual(['TILLID_SHARE_MAX is not a setting of this program']);
  });

  it('is refused with all that is wrong at once, and no value in the message', () => {
    const problems = problemsOf({ TILLID_SHARES_MAX: 'hunter2' })!;
    expect(problems).toEqual(['TILLID_LISTEN is missing', expect.stringContaining('TILLID_SHARES_MAX: not a whole number')]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each(['', 'localhost', 'localhost:', 'localhost:70000', 'a b:1', '127.0.0.1:1x'])('has no address %j', (listen) => {
    expect(problemsOf({ TILLID_LISTEN: listen })).toHaveLength(1);
  });

  it('is documented from the same words', () => {
    expect(configRows(settings)).toContain('| `TILLID_SHARES_MAX` | how many | `20` | too few |');
    expect(configRows(settings)).toContain('| `TILLID_LISTEN` | where | *required* | nobody comes |');
    expect(configRows(serviceSettings)).toContain('| `TILLID_JWKS_URL` |');
  });

  it('may leave out what is optional', () => {
    const config = readConfig(serviceSettings, {
      TILLID_DATA: '/d', TILLID_TLS: '/t', TILLID_GRPC_LISTEN: 'h:1', TILLID_IDENTITY: 'h:1', TILLID_AUTHENTICATION: 'h:2', TILLID_CONSENT: 'h:3', TILLID_AUDIT: 'h:4', TILLID_ORIGIN: 'tillid.local/1',
    });
    expect(config).toMatchObject({ logLevel: 'info', origin: 'tillid.local/1' });
    expect(config.jwksUrls).toBeUndefined();
  });

  it('names addresses that are split as sockets want them', () => {
    expect(splitHostAndPort('127.0.0.1:7401')).toEqual({ host: '127.0.0.1', port: 7401 });
    expect(splitHostAndPort('[::1]:7401')).toEqual({ host: '::1', port: 7401 });
  });
});
