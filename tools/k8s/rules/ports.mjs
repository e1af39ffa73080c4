// Every port in the manifests is one that the program behind it listens on, and every one it listens on is in them: in the
// container, at a Service, in an address that others are given.
import { ports } from '../apps.mjs';
import { environmentOf, named, ofKind, portsOf, selects, workloads } from '../manifests.mjs';

const listens = { grpc: 'TILLID_GRPC_LISTEN', http: 'TILLID_HTTP_LISTEN', https: 'TILLID_HTTPS_LISTEN', metrics: 'TILLID_METRICS_LISTEN' };

export function portsAgree(manifests) {
  return [...workloads(manifests).flatMap((workload) => containerPorts(manifests, workload)), ...servicePorts(manifests), ...policyPorts(manifests), ...addresses(manifests)];
}

function containerPorts(manifests, workload) {
  const environment = environmentOf(manifests, workload.pod.containers[0]);
  const open = portsOf(workload);
  const told = Object.fromEntries(Object.entries(listens).flatMap(([name, variable]) => (environment[variable] ? [[name, Number(environment[variable].split(':').at(-1))]] : [])));
  const names = new Set([...Object.keys(open), ...Object.keys(told)]);
  const wrong = [...names].filter((name) => open[name] !== told[name]).map((name) => `${workload.name}: port ${name} is ${open[name] ?? 'not there'}, and ${listens[name] ?? 'no variable'} says ${told[name] ?? 'nothing'}`);
  const elsewhere = Object.entries(ports[workload.service]).filter(([name, port]) => told[name] !== undefined && told[name] !== port);
  return [...wrong, ...elsewhere.map(([name, port]) => `${workload.name}: ${name} is ${told[name]}, and ${port} in every other installation`)];
}

function servicePorts(manifests) {
  const all = workloads(manifests);
  const services = ofKind(manifests, 'Service');
  const wrong = services.flatMap(({ metadata, spec }) => {
    const behind = all.filter(({ labels }) => selects({ matchLabels: spec.selector }, labels));
    if (behind.length === 0) return [`Service ${metadata.name} has nobody behind it`];
    return behind.flatMap((workload) => spec.ports.filter(({ port, targetPort }) => portsOf(workload)[targetPort] !== port).map(({ port, targetPort }) => `Service ${metadata.name}: ${targetPort} is ${port}, and ${portsOf(workload)[targetPort] ?? 'no port'} in ${workload.name}`));
  });
  // Prometheus comes to the pods themselves; the integrator's gRPC answers only its probes.
  const unreached = all.flatMap((workload) =>
    Object.keys(portsOf(workload))
      .filter((name) => name !== 'metrics' && !(workload.kind === 'StatefulSet' && name === 'grpc'))
      .filter((name) => !services.some(({ spec }) => selects({ matchLabels: spec.selector }, workload.labels) && spec.ports.some(({ targetPort }) => targetPort === name)))
      .map((name) => `${workload.name}: no Service leads to its port ${name}`),
  );
  return [...wrong, ...unreached];
}

function policyPorts(manifests) {
  return ofKind(manifests, 'NetworkPolicy').flatMap(({ metadata, spec }) => {
    const behind = workloads(manifests).filter(({ labels }) => selects(spec.podSelector, labels));
    const open = new Set(behind.flatMap((workload) => Object.entries(portsOf(workload)).flat()));
    if (behind.length === 0) return [];
    return (spec.ingress ?? []).flatMap(({ ports: allowed = [{ port: 'every port' }] }) => allowed.filter(({ port }) => !open.has(port)).map(({ port }) => `NetworkPolicy ${metadata.name} opens ${port}, where nobody listens`));
  });
}

/** Who is named in an address is a Service of that port. */
function addresses(manifests) {
  const given = ofKind(manifests, 'ConfigMap').flatMap(({ data }) => Object.entries(data)).filter(([variable]) => /^TILLID_(IDENTITY|AUTHENTICATION|CONSENT|AUDIT|JWKS_URL|AUDIT_TILES)$/.test(variable));
  return given.flatMap(([variable, value]) => {
    const [host, port] = value.replace(/^https:\/\//, '').split('/')[0].split(':');
    const service = named(manifests, 'Service', host);
    return service?.spec.ports.some((each) => each.port === Number(port)) ? [] : [`${variable} is ${value}, and there is no Service ${host} with a port ${port}`];
  });
}
