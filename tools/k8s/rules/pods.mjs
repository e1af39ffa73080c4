// What every pod of ours has, without exception: no rights, a read-only image, probes, its own certificate and key.
import { isDeepStrictEqual } from 'node:util';
import { containersOf, ofKind, selects, workloads } from '../manifests.mjs';

const probe = (question) => ({ command: ['node', '/app/tools/probe/grpc-health.mjs', question] });

export function podsAgree(manifests) {
  return workloads(manifests).flatMap((workload) => [...pod(workload), ...containersOf(workload).flatMap((container) => ofContainer(workload, container)), ...budget(manifests, workload)]);
}

function pod({ name, service, pod: spec }) {
  const tls = { secretName: `${service}-tls`, defaultMode: 0o440, items: [{ key: 'tls.key', path: 'key.pem' }, { key: 'tls.crt', path: 'cert.pem' }, { key: 'ca.crt', path: 'ca.pem' }] };
  const { runAsNonRoot, seccompProfile } = spec.securityContext ?? {};
  return complaints(name, {
    'a Service named tillid-* would become a variable: enableServiceLinks must be false': spec.enableServiceLinks === false,
    'it has no business with the API server: automountServiceAccountToken must be false': spec.automountServiceAccountToken === false,
    'it must not run as root': runAsNonRoot === true,
    'it must have the seccomp profile RuntimeDefault': seccompProfile?.type === 'RuntimeDefault',
    'its certificate is not at /tls as key.pem, cert.pem and ca.pem': isDeepStrictEqual(volume(spec, 'tls')?.secret, tls),
    'its key of secrets is not its own': volume(spec, 'secrets-key')?.secret?.secretName === `${service}-secrets-key`,
  });
}

function ofContainer({ name, service }, container) {
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext ?? {};
  const runs = ['node', `/app/apps/${service}/dist/main.js`, ...(container.name === 'migrate' ? ['migrate'] : [])];
  return complaints(`${name}, container ${container.name}`, {
    'it may gain rights': allowPrivilegeEscalation === false,
    'its image can be written to': readOnlyRootFilesystem === true,
    'it has capabilities': isDeepStrictEqual(capabilities, { drop: ['ALL'] }),
    'it has no limit of memory, or asks for nothing': container.resources?.limits?.memory !== undefined && container.resources?.requests?.cpu !== undefined,
    'it runs something else': isDeepStrictEqual(container.command, runs),
    'it is not probed as it must be': container.name === 'migrate' || (isDeepStrictEqual(container.startupProbe?.exec, probe('alive')) && isDeepStrictEqual(container.livenessProbe?.exec, probe('alive')) && isDeepStrictEqual(container.readinessProbe?.exec, probe('ready'))),
  });
}

/** Where anything scales at all, everything that can does; and whoever drains a node is told how many may go. */
function budget(manifests, { name, kind, labels }) {
  const scalers = ofKind(manifests, 'HorizontalPodAutoscaler');
  if (scalers.length === 0) return [];
  return complaints(name, {
    'it has no disruption budget': ofKind(manifests, 'PodDisruptionBudget').some(({ spec }) => selects(spec.selector, labels)),
    'it does not scale': kind === 'StatefulSet' || scalers.some(({ spec }) => spec.scaleTargetRef.name === name && spec.scaleTargetRef.kind === kind),
    'one of it owns the volume: it must not scale': kind !== 'StatefulSet' || !scalers.some(({ spec }) => spec.scaleTargetRef.name === name),
  });
}

function volume(spec, name) {
  return spec.volumes.find((each) => each.name === name);
}

function complaints(where, conditions) {
  return Object.entries(conditions).filter(([, holds]) => !holds).map(([complaint]) => `${where}: ${complaint}`);
}
