// A topic for each log, as its relay wants it; one writer; readers who take the log in, and no others.
import { topicOf } from '../../../libs/feed-kafka/dist/topic/topic-of.js';
import { settingsOf } from '../../../libs/feed-kafka/dist/topic/topic-shape.js';
import { readsFrom, serviceNames, settings } from '../apps.mjs';
import { environmentOf, named, ofKind, workloads } from '../manifests.mjs';

const topicName = (service) => topicOf(`${service}/0`);

export function kafkaAgrees(manifests) {
  return [...serviceNames.flatMap((service) => [...topic(manifests, service), ...grants(manifests, service)]), ...strangers(manifests), ...brokers(manifests)];
}

/** As the relay's start-up wants it, to the last setting. */
function topic(manifests, service) {
  const name = topicName(service);
  const found = named(manifests, 'KafkaTopic', name);
  if (!found) return [`there is no KafkaTopic ${name}`];
  const replication = told(manifests, service, 'TILLID_KAFKA_REPLICATION');
  const wanted = settingsOf({ source: `${service}/0`, replication, retentionHours: told(manifests, service, 'TILLID_KAFKA_RETENTION_HOURS') });
  const { partitions, replicas, config } = found.spec;
  return [
    ...(partitions === 1 ? [] : [`${name} has ${partitions} partitions`]),
    ...(replicas === replication ? [] : [`${name} has ${replicas} replicas, and its relay wants ${replication}`]),
    ...Object.entries(wanted).filter(([setting, value]) => String(config[setting]) !== value).map(([setting, value]) => `${name}: ${setting} is ${config[setting]}, not ${value}`),
    ...Object.keys(config).filter((setting) => !(setting in wanted)).map((setting) => `${name}: nobody wants ${setting}`),
  ];
}

function told(manifests, service, variable) {
  const { pod } = workloads(manifests).find((each) => each.service === service);
  return Number(environmentOf(manifests, pod.containers[0])[variable] ?? Object.values(settings[service]).find((each) => each.variable === variable).default);
}

function grants(manifests, service) {
  const user = named(manifests, 'KafkaUser', service);
  if (user?.spec.authentication.type !== 'tls-external') return [`KafkaUser ${service}: its certificate is cert-manager's (tls-external)`];
  const found = user.spec.authorization.acls.flatMap(({ resource, operations }) => operations.map((operation) => `${operation} ${resource.type} ${resource.name}`));
  const wanted = [...operationsOn(service, ['Read', 'Write', 'DescribeConfigs']), ...readsFrom[service].filter((each) => each !== service).flatMap((each) => operationsOn(each, ['Read']))];
  return [...wanted.filter((each) => !found.includes(each)).map((each) => `KafkaUser ${service} may not ${each}`), ...found.filter((each) => !wanted.includes(each)).map((each) => `KafkaUser ${service} may ${each}, and has no use for it`)];
}

function operationsOn(service, operations) {
  return operations.map((operation) => `${operation} topic ${topicName(service)}`);
}

function strangers(manifests) {
  return ofKind(manifests, 'KafkaUser', 'KafkaTopic').filter(({ kind, metadata }) => !serviceNames.some((service) => metadata.name === (kind === 'KafkaUser' ? service : topicName(service)))).map(({ kind, metadata }) => `${kind} ${metadata.name} is of no service`);
}

function brokers(manifests) {
  const [kafka] = ofKind(manifests, 'Kafka');
  const [listener] = kafka.spec.kafka.listeners;
  const address = `${kafka.metadata.name}-kafka-bootstrap:${listener.port}`;
  const told = named(manifests, 'ConfigMap', 'tillid-kafka').data.TILLID_KAFKA_BROKERS;
  const rule = `RULE:^CN=(${serviceNames.join('|')}),OU=service$/CN=$1/`;
  return [...(told === address ? [] : [`TILLID_KAFKA_BROKERS is ${told}, and the brokers are at ${address}`]), ...(listener.authentication.listenerConfig['ssl.principal.mapping.rules'] === rule ? [] : [`the brokers name callers by another rule than ${rule}`])];
}
