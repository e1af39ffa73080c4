// Mistakes that the rules must find. Each changes manifests that are right; `complaint` is part of what must then be said.
import { named, workloads } from './manifests.mjs';

const data = (manifests, name) => named(manifests, 'ConfigMap', name).data;
const workload = (manifests, name) => workloads(manifests).find((each) => each.name === name);

const withWitnesses = (manifests) => {
  for (const name of ['audit', 'audit-integrator']) data(manifests, name).TILLID_WITNESS_POLICY = '/witnesses/policy';
};

export const mistakes = [
  { what: 'a misspelt variable', make: (all) => void (data(all, 'consent').TILLID_CONSENT_FOLDS_CASHED = '5'), complaint: 'TILLID_CONSENT_FOLDS_CASHED is not a setting of this program' },
  { what: "another program's variable", make: (all) => void (data(all, 'identity').TILLID_SESSION_MINUTES = '5'), complaint: 'identity, container service: TILLID_SESSION_MINUTES is not a setting' },
  { what: 'a value out of bounds', make: (all) => void (data(all, 'audit').TILLID_CHECKPOINT_INTERVAL_MS = '5000'), complaint: 'TILLID_CHECKPOINT_INTERVAL_MS: not between' },
  { what: 'a required setting left out', make: (all) => void delete data(all, 'tillid').TILLID_ORIGIN, complaint: 'TILLID_ORIGIN is missing' },
  { what: 'an optional setting left out without a reason', make: (all) => void delete data(all, 'tillid').TILLID_MONGO_URL, complaint: 'TILLID_MONGO_URL is neither set nor' },
  { what: 'a port nobody listens on', make: (all) => void (workload(all, 'consent').pod.containers[0].ports[0].containerPort = 7409), complaint: 'consent: port grpc is 7409' },
  { what: 'a listener that no container opens', make: (all) => void (data(all, 'identity').TILLID_HTTP_LISTEN = '0.0.0.0:7411'), complaint: 'identity: port http is not there' },
  { what: 'a Service on another port', make: (all) => void (named(all, 'Service', 'audit').spec.ports[0].port = 7444), complaint: 'Service audit: grpc is 7444' },
  { what: 'an address without a Service', make: (all) => void (data(all, 'tillid').TILLID_AUDIT = 'ledger:7404'), complaint: 'there is no Service ledger' },
  { what: 'a door too few', make: (all) => void named(all, 'NetworkPolicy', 'identity').spec.ingress.pop(), complaint: 'consent -> identity:7401 is not let in' },
  { what: 'a door too many', make: (all) => void named(all, 'NetworkPolicy', 'consent').spec.egress.push({ to: [{ podSelector: { matchLabels: { 'tillid-service': 'audit' } } }], ports: [{ port: 7424 }] }), complaint: 'consent -> audit:7424 is open' },
  { what: 'no closed door', make: (all) => void (named(all, 'NetworkPolicy', 'deny-ingress').spec.ingress = [{}]), complaint: 'no policy closes every pod' },
  { what: 'Services as variables', make: (all) => void delete workload(all, 'audit').pod.enableServiceLinks, complaint: 'enableServiceLinks must be false' },
  { what: 'a writable image', make: (all) => void (workload(all, 'audit-integrator').pod.containers[0].securityContext.readOnlyRootFilesystem = false), complaint: 'its image can be written to' },
  { what: "another service's certificate", make: (all) => void (workload(all, 'consent').pod.volumes.find(({ name }) => name === 'tls').secret.secretName = 'audit-tls'), complaint: 'its certificate is not at /tls' },
  { what: 'a certificate that names two', make: (all) => void named(all, 'Certificate', 'audit').spec.uris.push('tillid://service/consent'), complaint: "Certificate audit is read as nobody's" },
  { what: 'a name that our reader refuses', make: (all) => void named(all, 'Certificate', 'audit').spec.dnsNames.push('*.tillid.svc'), complaint: "Certificate audit is read as nobody's" },
  { what: 'a subject without the kind', make: (all) => void delete named(all, 'Certificate', 'audit').spec.subject, complaint: 'Certificate audit: subject is' },
  { what: 'a writer too many', make: (all) => void named(all, 'KafkaUser', 'consent').spec.authorization.acls[1].operations.push('Write'), complaint: 'KafkaUser consent may Write' },
  { what: 'two partitions', make: (all) => void (named(all, 'KafkaTopic', 'tillid.audit.events').spec.partitions = 2), complaint: 'has 2 partitions' },
  { what: 'a database not its own', make: (all) => void (named(all, 'MongoDBCommunity', 'tillid-mongo').spec.users[0].roles[0].db = 'tillid-audit'), complaint: 'MongoDB has no user CN=identity,OU=service' },
  { what: 'an alarm without a runbook', make: (all) => void named(all, 'PrometheusRule', 'tillid').spec.groups[0].rules.push({ alert: 'TillidNew', expr: 'vector(1)', annotations: {} }), complaint: 'the alarm TillidNew has no section' },
  { what: 'a runbook without an alarm', make: (all) => void named(all, 'PrometheusRule', 'tillid').spec.groups[0].rules.shift(), complaint: 'there is no such alarm' },
  { what: 'a metric that nobody measures', make: (all) => void (named(all, 'PrometheusRule', 'tillid').spec.groups[0].rules[0].expr = 'tillid_consumer_lagg > 1'), complaint: 'nobody measures tillid_consumer_lagg' },
  { what: 'witnesses behind a closed door', make: withWitnesses, complaint: 'audit is not let out to its witnesses' },
  { what: 'witnesses without a policy', make: withWitnesses, complaint: 'audit: there is no policy at /witnesses/policy' },
  { what: 'a replica that asks no witness', make: (all) => void (data(all, 'audit').TILLID_WITNESS_POLICY = '/witnesses/policy'), complaint: 'it has another TILLID_WITNESS_POLICY than' },
  { what: 'a door to anybody', make: (all) => void named(all, 'NetworkPolicy', 'audit').spec.egress.push({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 443 }] }), complaint: 'opens a door to anybody, and no witness is asked' },
  { what: 'a door of another service', make: (all) => void named(all, 'NetworkPolicy', 'identity').spec.egress.push({ to: [{ ipBlock: { cidr: '192.0.2.1/32' } }], ports: [{ port: 443 }] }), complaint: 'NetworkPolicy identity lets others than audit out' },
  { what: "a door to the cluster's own addresses", make: (all) => void named(all, 'NetworkPolicy', 'audit').spec.egress.push({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], ports: [{ port: 443 }] }), complaint: 'NetworkPolicy audit lets audit out to 169.254.0.0/16' },
  { what: 'a door that is not HTTPS alone', make: (all) => void named(all, 'NetworkPolicy', 'audit').spec.egress.push({ to: [{ ipBlock: { cidr: '192.0.2.1/32' } }] }), complaint: 'NetworkPolicy audit lets more out than HTTPS' },
];
