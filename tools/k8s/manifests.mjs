// Manifests as lists of objects, and what the rules ask of them.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const folder = join(import.meta.dirname, '../../k8s');
export const overlays = ['local', 'staging', 'production'];
/** Of components too: only what is rendered shows them. */
export const renderedOverlays = [...overlays, 'witnessed'];

export function readAll(text) {
  // YAML 1.1, as kubectl and kustomize read it: 0440 is octal.
  return parseAllDocuments(text, { version: '1.1' }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJSON();
  }).filter(Boolean);
}

/** The base with an overlay's patches, without the program that renders it whole: enough for what is about the services. */
export function sourcesOf(overlay) {
  const base = globSync('base/**/*.yaml', { cwd: folder }).filter((file) => !file.endsWith('kustomization.yaml')).flatMap((file) => readAll(readFileSync(join(folder, file), 'utf8')));
  const kustomization = join(folder, 'overlays', overlay, 'kustomization.yaml');
  const { patches } = parse(readFileSync(kustomization, 'utf8'));
  return patches.reduce((manifests, { path, patch, target }) => readAll(path ? readFileSync(join(dirname(kustomization), path), 'utf8') : patch).reduce((all, change) => patched(all, change, target), manifests), base);
}

/** A list of single operations only adds names of hosts: what is rendered shows them. */
function patched(manifests, change, target) {
  const isMeant = (each) => (target ? new RegExp(`^(${target.kind})$`).test(each.kind) : each.kind === change.kind && each.metadata.name === change.metadata.name);
  if (Array.isArray(change)) return manifests;
  if (change.$patch === 'delete') return manifests.filter((each) => !isMeant(each));
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = change;
  return manifests.map((each) => (isMeant(each) ? merged(each, rest) : each));
}

/** Maps field by field, lists of named things by their names, everything else replaced. */
function merged(old, change) {
  const areNamed = Array.isArray(old) && Array.isArray(change) && [...old, ...change].every((each) => typeof each?.name === 'string');
  if (areNamed) return [...old.map((each) => merged(each, change.find(({ name }) => name === each.name) ?? {})), ...change.filter(({ name }) => !old.some((each) => each.name === name))];
  if (!isMap(old) || !isMap(change)) return change;
  return { ...old, ...Object.fromEntries(Object.entries(change).map(([key, value]) => [key, merged(old[key], value)])) };
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function ofKind(manifests, ...kinds) {
  return manifests.filter(({ kind }) => kinds.includes(kind));
}

export function named(manifests, kind, name) {
  return manifests.find((each) => each.kind === kind && each.metadata.name === name);
}

/** Pods that run one of our programs. */
export function workloads(manifests) {
  return ofKind(manifests, 'Deployment', 'StatefulSet').map((manifest) => {
    const { metadata, spec } = manifest.spec.template;
    return { name: manifest.metadata.name, kind: manifest.kind, service: metadata.labels['tillid-service'], labels: metadata.labels, pod: spec, manifest };
  });
}

export function containersOf({ pod }) {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** A container's environment: whole ConfigMaps, then its own lines. What only the running pod knows is its name. */
export function environmentOf(manifests, { envFrom = [], env = [] }) {
  const maps = envFrom.map(({ configMapRef }) => named(manifests, 'ConfigMap', configMapRef.name)?.data ?? {});
  return Object.assign({}, ...maps, ...env.map(({ name, value, valueFrom }) => ({ [name]: valueFrom ? 'a-pod' : value })));
}

export function portsOf({ pod }) {
  return Object.fromEntries(pod.containers.flatMap(({ ports }) => ports).map(({ name, containerPort }) => [name, containerPort]));
}

/** Whether pods with these labels are among those that are selected. */
export function selects({ matchLabels = {}, matchExpressions = [] }, labels) {
  const holds = { In: (value, values) => values.includes(value), Exists: (value) => value !== undefined };
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) && matchExpressions.every(({ key, operator, values }) => holds[operator](labels[key], values));
}
