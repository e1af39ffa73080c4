import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { host } from './ports.mjs';

/** One node, broker and controller, that comes back soon after a SIGKILL. Measured in /work/shared/engines.md. */
const alone = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.listener.names': 'CONTROLLER',
  'auto.create.topics.enable': false,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
  // A broker that was killed is waited out before it may register again: 9 s and more unless told so.
  'broker.session.timeout.ms': 2000,
  'broker.heartbeat.interval.ms': 500,
  'log.retention.ms': -1,
  'num.network.threads': 2,
  'num.io.threads': 4,
  'log.cleaner.dedupe.buffer.size': 2_097_152,
};

/**
 * server.properties. `tls` is `{ folder, superUsers }`, or undefined for none; with it the text holds the private key: for its
 * owner's eyes alone. `bind`: the address listened on, where it is not the one that clients use.
 */
export function kafkaProperties({ broker, controller, bind = host, logs, tls }) {
  const protocol = tls ? 'SSL' : 'PLAINTEXT';
  return toText({
    ...alone,
    'controller.quorum.bootstrap.servers': `${host}:${controller}`,
    listeners: `${protocol}://${bind}:${broker},CONTROLLER://${host}:${controller}`,
    'advertised.listeners': `${protocol}://${host}:${broker}`,
    'listener.security.protocol.map': `${protocol}:${protocol},CONTROLLER:${protocol}`,
    'inter.broker.listener.name': protocol,
    'log.dirs': logs,
    ...(tls && tlsProperties(tls)),
  });
}

function tlsProperties({ folder, superUsers }) {
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  const certificate = new X509Certificate(read('cert.pem'));
  // The broker calls itself by this address, and so do its clients.
  if (!certificate.checkIP(host)) throw new Error(`${join(folder, 'cert.pem')} is not a certificate for ${host}`);
  return {
    'ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.key': read('key.pem'),
    'ssl.keystore.certificate.chain': read('cert.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': read('ca.pem'),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': false,
    // Its own name too: as controller it takes requests from itself as broker.
    'super.users': [`User:${kafkaName(certificate)}`, ...superUsers].join(';'),
  };
}

/** 16 random bytes in base64url, as the format wants them; a first `-` would make it an option. */
export function randomClusterId() {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? randomClusterId() : id;
}

/** A subject as Kafka's principals spell it: RFC 2253, the last part first. */
function kafkaName(certificate) {
  return certificate.subject.split('\n').reverse().join(',');
}

/** Java's own escapes: a value may be many lines, as a PEM is. */
function toText(properties) {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');
}
