// compose.yaml as Docker would read it, as far as these tests ask.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { serviceNames, type ServiceName } from '@tillid/runtime';

export const root = join(import.meta.dirname, '../../..');

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `[on the host, in the container]`; named volumes are left out. */
  readonly folders: readonly (readonly [string, string])[];
  /** `[port of 127.0.0.1, port of the container]`. */
  readonly ports: readonly (readonly [number, number])[];
  readonly dependsOn: readonly string[];
  /** The names by which others find it, besides its own. */
  readonly aliases: readonly string[];
  readonly raw: Readonly<Record<string, unknown>>;
}

interface RawContainer {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
}

/** `variables` are those that docker/compose.mjs sets. */
export function containers(variables: Readonly<Record<string, string>> = { TILLID_ORIGIN: 'tillid.local/test' }): readonly Container[] {
  const text = readFileSync(join(root, 'compose.yaml'), 'utf8').replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, how: string | undefined, word = '') => {
    if (variables[name] !== undefined) return variables[name];
    if (how === '-') return word as string;
    throw new Error(`compose.yaml needs ${name}, which is not set`);
  });
  const { services } = parse(text, { merge: true }) as { services: Record<string, RawContainer> };
  return Object.entries(services).map(([name, raw]) => ({
    name,
    image: raw.image,
    command: raw.command ?? [],
    environment: raw.environment ?? {},
    folders: (raw.volumes ?? []).filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':').slice(0, 2) as [string, string]),
    ports: (raw.ports ?? []).map((port) => port.split(':').slice(1).map(Number) as [number, number]),
    dependsOn: Object.keys(raw.depends_on ?? {}),
    aliases: Object.values(raw.networks ?? {}).flatMap((network: string | { aliases?: readonly string[] }) => (typeof network === 'string' ? [] : (network.aliases ?? []))),
    raw: { ...raw },
  }));
}

/** Which of our services a container runs, if it does. */
export function serviceOf({ command }: Container): ServiceName | undefined {
  return serviceNames.find((name) => command.includes(`apps/${name}/dist/main.js`));
}
