// Whether audit asks witnesses, and who is let out of the cluster, is one thing: nobody without witnesses, and then audit alone, over HTTPS.
import { parsePolicy } from '../../../libs/transparency/dist/index.js';
import { containersOf, environmentOf, named, ofKind, selects, workloads } from '../manifests.mjs';

const variable = 'TILLID_WITNESS_POLICY';
const mountPath = '/witnesses';
/** A cluster's own addresses, and the one where whoever it runs at answers for its machines. */
const neverReached = ['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10'];

export function witnessesAgree(manifests) {
  const audits = workloads(manifests).filter(({ service }) => service === 'audit');
  const files = audits.map((workload) => environmentOf(manifests, containersOf(workload).find(({ name }) => name === 'service'))[variable]);
  const asks = files.some((file) => file !== undefined);
  const doors = doorsOutside(manifests);
  return [
    ...audits.filter((_, index) => files[index] !== files[0]).map(({ name }) => `${name}: it has another ${variable} than ${audits[0].name}`),
    ...(asks ? [] : doors.map(({ policy }) => `NetworkPolicy ${policy} opens a door to anybody, and no witness is asked`)),
    ...(asks && !doors.some(({ selector }) => selects(selector, { 'tillid-service': 'audit' })) ? ['audit is not let out to its witnesses'] : []),
    ...doors.flatMap(tooWide),
    ...(asks ? audits.flatMap((workload) => policyOf(manifests, workload)) : []),
  ];
}

/** Where a pod may go that is no pod: by address, or anywhere. */
function doorsOutside(manifests) {
  return ofKind(manifests, 'NetworkPolicy').flatMap(({ metadata, spec }) =>
    (spec.egress ?? []).filter(({ to }) => to === undefined || to.some(({ ipBlock }) => ipBlock)).map(({ to = [], ports = [] }) => ({ policy: metadata.name, selector: spec.podSelector, to, ports })),
  );
}

function tooWide({ policy, selector, to, ports }) {
  const except = to.flatMap(({ ipBlock }) => ipBlock?.except ?? []);
  const isEverywhere = to.length === 0 || to.some(({ ipBlock }) => ipBlock?.cidr.endsWith('/0'));
  return [
    selector.matchLabels?.['tillid-service'] === 'audit' ? '' : `NetworkPolicy ${policy} lets others than audit out`,
    ports.length > 0 && ports.every(({ port, endPort }) => port === 443 && endPort === undefined) ? '' : `NetworkPolicy ${policy} lets more out than HTTPS`,
    ...(isEverywhere ? neverReached.filter((range) => !except.includes(range)).map((range) => `NetworkPolicy ${policy} lets audit out to ${range}`) : []),
  ].filter(Boolean);
}

/** The file is there, and is one that audit takes: it can ask every witness in it through that door. */
function policyOf(manifests, workload) {
  const mount = containersOf(workload).find(({ name }) => name === 'service').volumeMounts.find((each) => each.mountPath === mountPath);
  const map = workload.pod.volumes.find(({ name }) => name === mount?.name)?.configMap?.name;
  const text = map && named(manifests, 'ConfigMap', map)?.data?.policy;
  if (!text) return [`${workload.name}: there is no policy at ${mountPath}/policy`];
  try {
    const { witnesses, quorum } = parsePolicy(text);
    return [
      quorum === undefined ? `${workload.name}: its policy needs no witness` : '',
      ...witnesses.filter(({ url }) => url !== undefined && (!URL.canParse(url) || new URL(url).protocol !== 'https:' || new URL(url).port !== '')).map(({ name, url }) => `${workload.name}: witness ${name} is at ${url}, where audit is not let out to`),
    ].filter(Boolean);
  } catch (error) {
    return [`${workload.name}: its policy is none: ${error.message}`];
  }
}
