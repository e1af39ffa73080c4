// proto/ -> libs/contracts: TypeScript through buf and ts-proto, the descriptor set (for gRPC reflection), and the
// access table read from the method options, so that rules and contract cannot drift apart.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileRegistry, fromBinary, getExtension, hasExtension } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = join(import.meta.dirname, '..');
const contracts = join(root, 'libs/contracts');
const buf = (args) => {
  const { status, error } = spawnSync(join(root, 'node_modules/.bin/buf'), args, { cwd: join(root, 'proto'), stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw error ?? new Error(`buf ${args.join(' ')} failed`);
};

rmSync(join(contracts, 'src'), { recursive: true, force: true });
buf(['generate']);
buf(['build', '--as-file-descriptor-set', '-o', join(contracts, 'descriptors.binpb')]);

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(join(contracts, 'descriptors.binpb'))));
const accessExtension = registry.getExtension('tillid.access.v1.access');
const callerKinds = ['', 'service', 'relying_service', 'citizen_agent', 'operator', 'official', 'auditor'];
const tokens = ['none', 'own_rooms', 'at_receiver'];
const rules = {};
for (const type of registry) {
  if (type.kind !== 'service') continue;
  for (const method of type.methods) {
    const options = method.proto.options;
    if (!options || !hasExtension(options, accessExtension)) continue;
    const access = getExtension(options, accessExtension);
    rules[`/${type.typeName}/${method.name}`] = {
      callers: access.callers.map((kind) => callerKinds[kind]),
      services: access.services,
      citizenToken: tokens[access.citizenToken],
      changes: access.changes,
      refusals: access.refusals,
      callsPerMinute: access.perMinute || 6000,
    };
  }
}
writeFileSync(
  join(contracts, 'src/access.ts'),
  `// Generated from the \`tillid.access.v1.access\` options in proto/. Do not edit.
export type CallerKind = ${callerKinds.slice(1).map((kind) => `'${kind}'`).join(' | ')};
export interface AccessRule {
  readonly callers: readonly CallerKind[];
  /** For callers of kind service: the ids that may call. */
  readonly services: readonly string[];
  readonly citizenToken: ${tokens.map((token) => `'${token}'`).join(' | ')};
  /** The call needs an idempotency key. */
  readonly changes: boolean;
  readonly refusals: readonly string[];
  readonly callsPerMinute: number;
}
/** By full method path. A path that is not here may be called by nobody. */
export const accessRules: Readonly<Record<string, AccessRule>> = ${JSON.stringify(rules, null, 2)};
`,
);
