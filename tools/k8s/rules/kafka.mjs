// A topic for each log, as its relay wants it; one writer; readers who take the log in, and no others.
import { readsFrom, serviceNames, settings } from '../apps.mjs';
import { environmentOf, named, ofKind, workloads } from '../manifests.mjs';

const topicOf = (service) => `tillid.${service}.events`;
const hourMs = 3_600_000;

export function kafkaAgrees(manifests) {
  return [...serviceNames.flatMap((service) => [...topic(manifests, service), ...grants(manifests, service)]), ...strangers(manifests), ...brokers(manifests)];
}

function topic(manifests, service) {
  const found = named(manifests, 'KafkaTopic', topicOf(service));
  if (!found) return [`there is no KafkaTopic ${topicOf(service)}`];
  const told = (variable) => Number(environmentOf(manifests, workloads(manifests).find((each) => each.service === service).pod.containers[0])[variable] ?? Object.values(settings[service]).find((each) => each.variable === variable).default);
  const replication = told('TILLID_KAFKA_REPLICATION');
  const wanted = {
    'cleanup.policy': 'delete',
    'retention.ms': told('TILLID_KAFKA_RETENTION_HOURS') * hourMs,
    'min.insync.replicas': replication >= 2 ? 2 : 1,
    'unclean.leader.election.enable': false,
    'message.timestamp.type': 'LogAppendTime',
  };
  const { partitions, replicas, config } = found.spec;
  const wrong = Object.entries(wanted).filter(([name, value]) => config[name] !== value).map(([name, value]) => `${topicOf(service)}: ${name} is ${config[name]}, not ${value}`);
  return [...(partitions === 1 ? [] : [`${topicOf(service)} has ${partitions} partitions`]), ...(replicas === replication ? [] : [`${topicOf(service)} has ${replicas} replicas, and its relay wants ${replication}`]), ...wrong];
}

function grants(manifests, service) {
  const user = named(manifests, 'KafkaUser', service);
  if (user?.spec.authentication.type !== 'tls-external') return [`KafkaUser ${service}: its certificate is cert-manager's (tls-external)`];
  const found = user.spec.authorization.acls.flatMap(({ resource, operations }) => operations.map((operation) => `${operation} ${resource.type} ${resource.name}`));
  const wanted = [...operationsOn(service, ['Read', 'Write', 'Describe', 'DescribeConfigs']), ...readsFrom[service].filter((each) => each !== service).flatMap((each) => operationsOn(each, ['Read', 'Describe']))];
  return [...wanted.filter((each) => !found.includes(each)).map((each) => `KafkaUser ${service} may not ${each}`), ...found.filter((each) => !wanted.includes(each)).map((each) => `KafkaUser ${service} may ${each}, and has no use for it`)];
}

function operationsOn(service, operations) {
  return operations.map((operation) => `${operation} topic ${topicOf(service)}`);
}

function strangers(manifests) {
  return ofKind(manifests, 'KafkaUser', 'KafkaTopic').filter(({ kind, metadata }) => !serviceNames.some((service) => metadata.name === (kind === 'KafkaUser' ? service : topicOf(service)))).map(({ kind, metadata }) => `${kind} ${metadata.name} is of no service`);
}

function brokers(manifests) {
  const [kafka] = ofKind(manifests, 'Kafka');
  const [listener] = kafka.spec.kafka.listeners;
  const address = `${kafka.metadata.name}-kafka-bootstrap:${listener.port}`;
  const told = named(manifests, 'ConfigMap', 'tillid-kafka').data.TILLID_KAFKA_BROKERS;
  const rule = `RULE:^CN=(${serviceNames.join('|')}),OU=service$/CN=$1/`;
  return [...(told === address ? [] : [`TILLID_KAFKA_BROKERS is ${told}, and the brokers are at ${address}`]), ...(listener.authentication.listenerConfig['ssl.principal.mapping.rules'] === rule ? [] : [`the brokers name callers by another rule than ${rule}`])];
}
