import { describe, expect, it } from 'vitest';
import { isWell, type ServiceStatus, type Status } from './status.js';
import { statusText } from './status-text.js';

const well: ServiceStatus = { serving: true, source: 'consent/0', position: 17, headAt: '2026-11-24T12:00:00.000Z', following: [{ source: 'identity/0', consumer: 'citizens', position: 9, lag: 1, lastHeardAt: 'never', gaps: 0 }] };
const status: Status = {
  pid: 1,
  pids: {},
  replicas: (['identity', 'authentication', 'consent', 'audit'] as const).map((name, index) => ({ name, service: name, grpc: `a:${index + 1}`, http: undefined, https: undefined })),
  startedAt: '',
  installationId: 'x',
  origin: 'tillid.local/x',
  portBase: 7400,
  grpc: { identity: 'a:1', authentication: 'a:2', consent: 'a:3', audit: 'a:4' },
  logUrl: 'http://a:14',
  logHttpsUrl: 'https://a:24',
  vkeyFile: '/v',
  logFolder: '/l',
  jwksUrl: '',
  callers: '',
  ca: '',
  services: { identity: well, authentication: well, consent: well, audit: well },
  record: { checkpointSize: 40, sources: [{ source: 'consent/0', takenIn: 17, head: 17, lag: 0, gap: false }] },
};

describe('the status of a system', () => {
  it('is well when everyone answers and nothing is parked or missing; being a little behind is no illness', () => {
    expect(isWell(status)).toBe(true);
  });

  it('is not well when a service is silent, a source is parked, or the record has a gap, and the table says so', () => {
    const silent = { ...status, services: { ...status.services, audit: { serving: false, error: 'refused with peer.unavailable', following: [] } } };
    const parked = { ...status, services: { ...status.services, consent: { ...well, following: [{ ...well.following[0]!, parked: 'bytes_differ' }] } } };
    const gap = { ...status, record: { ...status.record, sources: [{ ...status.record.sources[0]!, gap: true }] } };
    for (const [unwell, word] of [[silent, 'peer.unavailable'], [parked, 'PARKED: bytes_differ'], [gap, 'GAP']] as const) {
      expect(isWell(unwell)).toBe(false);
      expect(statusText(unwell)).toContain(word);
    }
  });
});
