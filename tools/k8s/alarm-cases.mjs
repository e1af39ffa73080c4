// When each alarm rings and when it does not, as series of a value a minute (`0+10x30`: from 0, ten more each minute, thirty times).
// tools/k8s/check.mjs has Prometheus itself judge them.
const consumer = 'tillid_service="audit",tillid_source="identity/0",tillid_consumer="ledger"';
const relay = 'tillid_service="consent",tillid_source="consent/0"';
const lease = 'tillid_lease_changes_total{tillid_service="audit",tillid_lease="background",tillid_change="taken"}';
const services = ['identity', 'authentication', 'consent', 'audit'];
const heard = Object.fromEntries(services.map((service) => [`tillid_consumer_lag{tillid_service="${service}"}`, '0x60']));
const drift = (list) => `tillid_read_model_drift{tillid_service="consent",tillid_consumer="${list}"}`;
const certificate = 'certmanager_certificate_expiration_timestamp_seconds{namespace="tillid",name="audit"}';
const days = (count) => count * 86_400;

export const cases = [
  { alarm: 'TillidConsumerLag', rings: true, what: 'never less than 1,000 behind', series: { [`tillid_consumer_lag{${consumer}}`]: '1500x30' }, at: '10m' },
  { alarm: 'TillidConsumerLag', rings: false, what: 'a peak of 50,000 that is caught up', series: { [`tillid_consumer_lag{${consumer}}`]: '0 50000 20000 0 50000 0 0 50000 0 0 0' }, at: '10m' },
  { alarm: 'TillidSourceSilent', rings: true, what: 'nothing heard for minutes', series: { [`tillid_consumer_silence{${consumer}}`]: '0+60x30' }, at: '10m' },
  { alarm: 'TillidSourceSilent', rings: false, what: 'one replica that hears late', series: { [`tillid_consumer_silence{${consumer},pod="a"}`]: '90x30', [`tillid_consumer_silence{${consumer},pod="b"}`]: '1x30' }, at: '10m' },
  { alarm: 'TillidSourceParked', rings: true, what: 'parked', series: { [`tillid_consumer_parked{${consumer}}`]: '1x30' }, at: '5m' },
  { alarm: 'TillidSourceParked', rings: false, what: 'not parked', series: { [`tillid_consumer_parked{${consumer}}`]: '0x30' }, at: '5m' },
  { alarm: 'TillidSourceRewrotePast', rings: true, what: 'one source of two, as one replica sees it', series: { 'tillid_source_rewrote_past{tillid_source="consent/0",pod="a"}': '0x5 1x30', 'tillid_source_rewrote_past{tillid_source="consent/0",pod="b"}': '0x35', 'tillid_source_rewrote_past{tillid_source="identity/0",pod="a"}': '0x35' }, at: '6m' },
  { alarm: 'TillidSourceRewrotePast', rings: false, what: 'a source parked for another reason', series: { 'tillid_source_rewrote_past{tillid_source="consent/0"}': '0x30', [`tillid_consumer_parked{${consumer}}`]: '1x30' }, at: '10m' },
  { alarm: 'TillidUnlinkedEvents', rings: true, what: 'two events of nobody', series: { 'tillid_own_log_unlinked{pod="a"}': '0x5 2x60', 'tillid_own_log_unlinked{pod="b"}': '0x5 2x60' }, at: '50m' },
  { alarm: 'TillidUnlinkedEvents', rings: false, what: 'one now and then, while its link is on its way', series: { 'tillid_own_log_unlinked{pod="a"}': '0 1 0 0 3 0 1 1 0 0 2 0 1 0 0 3 0 1 1 0 0 2 0 1 0 0 3 0 1 1 0 0 2 0 1 0 0 3 0 1 1 0 0 2 0' }, at: '44m' },
  { alarm: 'TillidGap', rings: true, what: 'a gap a minute', series: { [`tillid_consumer_gaps_total{${consumer}}`]: '0+1x30' }, at: '20m' },
  { alarm: 'TillidGap', rings: false, what: 'two gaps at a restart', series: { [`tillid_consumer_gaps_total{${consumer}}`]: '0x10 2x20' }, at: '20m' },
  { alarm: 'TillidChainMismatch', rings: true, what: 'one record that is not what was signed', series: { [`tillid_consumer_relay_refused_total{${consumer}}`]: '0x10 1x20' }, at: '12m' },
  { alarm: 'TillidChainMismatch', rings: false, what: 'one of long ago', series: { [`tillid_consumer_relay_refused_total{${consumer}}`]: '1x60' }, at: '30m' },
  { alarm: 'TillidLeaseFlapping', rings: true, what: 'taken twice a minute', series: { [lease]: '0+2x30' }, at: '15m' },
  { alarm: 'TillidLeaseFlapping', rings: false, what: 'a rolling update of three', series: { [lease]: '0x10 3x20' }, at: '15m' },
  { alarm: 'TillidCheckpointAge', rings: true, what: 'entries, and nothing signed', series: { 'tillid_checkpoint_age{pod="a"}': '0+60x30', 'tillid_checkpoint_behind{pod="a"}': '50x30' }, at: '10m' },
  { alarm: 'TillidCheckpointAge', rings: false, what: 'a night without an entry', series: { 'tillid_checkpoint_age{pod="a"}': '0+60x30', 'tillid_checkpoint_behind{pod="a"}': '0x30' }, at: '10m' },
  { alarm: 'TillidCheckpointAge', rings: false, what: 'one replica that does not see the database', series: { 'tillid_checkpoint_age{pod="a"}': '0+60x30', 'tillid_checkpoint_age{pod="b"}': '1x30', 'tillid_checkpoint_behind{pod="a"}': '9x30', 'tillid_checkpoint_behind{pod="b"}': '9x30' }, at: '10m' },
  { alarm: 'TillidNotWitnessed', rings: true, what: 'no quorum, and the tree grows', series: { 'tillid_checkpoint_unwitnessed{pod="a"}': '0+5x40' }, at: '20m' },
  { alarm: 'TillidNotWitnessed', rings: false, what: 'a tree that grows every second, and is seen every other', series: { 'tillid_checkpoint_unwitnessed{pod="a"}': '0 3 0 4 0 3 0 5 0 2 0 3 0 4 0 3 0 5 0 2 0' }, at: '18m' },
  { alarm: 'TillidNotWitnessed', rings: false, what: 'one replica that was not told', series: { 'tillid_checkpoint_unwitnessed{pod="a"}': '0+5x40', 'tillid_checkpoint_unwitnessed{pod="b"}': '0x40' }, at: '20m' },
  { alarm: 'TillidRelayLag', rings: true, what: 'Kafka is away', series: { [`tillid_relay_lag{${relay}}`]: '0+3000x30' }, at: '10m' },
  { alarm: 'TillidRelayLag', rings: true, what: 'a quiet log, and no head reaches Kafka', series: { [`tillid_relay_lag{${relay}}`]: '0x30', [`tillid_relay_silence{${relay}}`]: '0+60x30' }, at: '10m' },
  { alarm: 'TillidRelayLag', rings: false, what: 'a batch under way', series: { [`tillid_relay_lag{${relay}}`]: '0 2000 0 2000 0 2000 0 2000 0 2000 0', [`tillid_relay_silence{${relay}}`]: '0x30' }, at: '9m' },
  { alarm: 'TillidOutcomeUnknown', rings: true, what: 'two callers a minute', series: { 'tillid_handle_unknown_outcomes_total{tillid_service="identity"}': '0+2x30' }, at: '10m' },
  { alarm: 'TillidOutcomeUnknown', rings: false, what: 'three at a failover', series: { 'tillid_handle_unknown_outcomes_total{tillid_service="identity"}': '0x5 3x20' }, at: '8m' },
  { alarm: 'TillidCertificateEnding', rings: true, what: 'ten days left', series: { [certificate]: `${days(10)}x120` }, at: '90m' },
  { alarm: 'TillidCertificateEnding', rings: false, what: 'twenty days left', series: { [certificate]: `${days(20)}x120` }, at: '90m' },
  { alarm: 'TillidCertificateEnding', rings: true, what: 'renewed, and not taken up by a process', series: { [certificate]: `${days(80)}x120`, 'tillid_certificate_remaining{tillid_service="audit",pod="a"}': `${days(5)}x120` }, at: '90m' },
  { alarm: 'TillidReadModelDrift', rings: true, what: 'one list of two is not what the ledger gives', series: { [drift('consents')]: '1x30', [drift('clients')]: '0x30', tillid_read_model_checked: '0x30' }, at: '5m' },
  { alarm: 'TillidReadModelDrift', rings: true, what: 'nobody has looked for two days', series: { [drift('consents')]: '0x3000', tillid_read_model_checked: '0x3000' }, at: '49h' },
  { alarm: 'TillidReadModelDrift', rings: false, what: 'looked at yesterday, all the same', series: { [drift('consents')]: '0x3000', tillid_read_model_checked: '0x3000' }, at: '30h' },
  { alarm: 'TillidSilent', rings: true, what: 'audit is not heard', series: Object.fromEntries(Object.entries(heard).slice(0, 3)), at: '20m' },
  { alarm: 'TillidSilent', rings: false, what: 'all four are', series: heard, at: '20m' },
];

/** The file that `promtool test rules` reads. */
export function promtoolTests(ruleFile) {
  return {
    rule_files: [ruleFile],
    evaluation_interval: '30s',
    tests: cases.map(({ alarm, rings, what, series, at }) => ({
      name: `${alarm}: ${what}`,
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [{ expr: `count(ALERTS{alertname="${alarm}",alertstate="firing"}) or vector(0)`, eval_time: at, exp_samples: [{ labels: '{}', value: rings ? 1 : 0 }] }],
    })),
  };
}

/** An alarm that no case has seen ring, or none has seen silent, is not tried. */
export function untried(names) {
  return names.flatMap((name) => [true, false].filter((rings) => !cases.some((each) => each.alarm === name && each.rings === rings)).map((rings) => `no case has ${name} ${rings ? 'ring' : 'silent'}`));
}
