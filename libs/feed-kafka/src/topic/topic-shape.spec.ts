import { describe, expect, it } from 'vitest';
import { entriesOf, servicePrincipal } from './grants.js';
import { topicOf } from './topic-of.js';
import { misfits, settingsOf, type TopicFound } from './topic-shape.js';

const wanted = { source: 'consent/0', replication: 3, retentionHours: 72 };
const fits: TopicFound = { partitions: 1, replication: 3, settings: settingsOf(wanted) };
const withSetting = (name: string, value: string): TopicFound => ({ ...fits, settings: { ...fits.settings, [name]: value } });

describe('the topic of a source', () => {
  it('has a name of its own', () => {
    expect(topicOf('consent/0')).toBe('tillid.consent.events');
    expect(topicOf('consent/1')).toBe('tillid.consent.events.1');
    for (const wrong of ['consent', 'Consent/0', 'consent/x', '', 'con sent/0', 'a.b/0']) expect(() => topicOf(wrong), wrong).toThrow('not a source');
  });

  it.each<[string, TopicFound]>([
    ['as it is made', fits],
    ['with more brokers', { ...fits, replication: 5 }],
    ['kept longer', withSetting('retention.ms', String(400 * 3_600_000))],
    ['kept for good', withSetting('retention.ms', '-1')],
    ['of larger messages', withSetting('max.message.bytes', '8388608')],
    ['that three must have', withSetting('min.insync.replicas', '3')],
    ['with segments of another length', withSetting('segment.ms', '60000')],
  ])('fits %s', (_how, found) => {
    expect(misfits(wanted, found)).toEqual([]);
  });

  it.each<[string, TopicFound, string]>([
    ['of several partitions', { ...fits, partitions: 3 }, 'it has 3 partitions, not 1'],
    ['on one broker', { ...fits, replication: 1 }, '1 broker holds each record, not 3'],
    ['that one broker may acknowledge alone', withSetting('min.insync.replicas', '1'), 'min.insync.replicas is 1, not 2'],
    ['that more brokers must have than there are', withSetting('min.insync.replicas', '4'), 'min.insync.replicas is 4, of 3'],
    ['that may be led by a broker which lacks records', withSetting('unclean.leader.election.enable', 'true'), 'unclean.leader.election.enable is true, not false'],
    ['that is compacted', withSetting('cleanup.policy', 'compact'), 'cleanup.policy is compact, not delete'],
    ['kept for an hour', withSetting('retention.ms', '3600000'), 'retention.ms is 3600000, not 259200000'],
    ['of small messages', withSetting('max.message.bytes', '1048588'), 'max.message.bytes is 1048588, not 2097152'],
    ['dated by whoever writes', withSetting('message.timestamp.type', 'CreateTime'), 'message.timestamp.type is CreateTime, not LogAppendTime'],
    ['nothing is known of', { ...fits, settings: {} }, 'cleanup.policy is not set, not delete'],
  ])('does not fit %s', (_how, found, complaint) => {
    expect(misfits(wanted, found)).toContain(complaint);
  });

  it('on one broker, where one is all there is, is acknowledged by one', () => {
    expect(settingsOf({ ...wanted, replication: 1 })['min.insync.replicas']).toBe('1');
    expect(settingsOf({ ...wanted, replication: 2 })['min.insync.replicas']).toBe('2');
  });
});

describe('who may do what with a topic', () => {
  it('one writes, the named read, nobody is given anything else', () => {
    const entries = entriesOf('t', { writer: servicePrincipal('consent'), readers: [servicePrincipal('audit'), servicePrincipal('consent')] });
    const read = 3;
    const write = 4;
    const describeConfigs = 10;
    expect(entries.map(({ principal, operation }) => [principal, operation])).toEqual([
      ['User:CN=audit,OU=service', read], ['User:CN=consent,OU=service', read], ['User:CN=consent,OU=service', write], ['User:CN=consent,OU=service', describeConfigs],
    ]);
    expect(new Set(entries.map(({ resourceName, host, permissionType, resourcePatternType }) => [resourceName, host, permissionType, resourcePatternType].join()))).toEqual(new Set(['t,*,3,3']));
  });
});
