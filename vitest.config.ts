import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;
const alias = [
  { find: /^@tillid\/contracts\/(access|google\/.*)$/, replacement: join(root, 'libs/contracts/src/$1.ts') },
  { find: /^@tillid\/contracts\/(?!descriptors)(.*)$/, replacement: join(root, 'libs/contracts/src/tillid/$1.ts') },
  { find: /^@tillid\/eventsourcing\/in-memory$/, replacement: join(root, 'libs/eventsourcing/src/in-memory/index.ts') },
  { find: /^@tillid\/(kernel|transparency|eventsourcing|crypto|runtime|rpc|store-sqlite|store-mongo|feed-kafka|service|testing)$/, replacement: join(root, 'libs/$1/src/index.ts') },
];
const suite = (name: string, include: string[], testTimeout: number, isolate = true) => ({
  resolve: { alias },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: { name, include, exclude: ['**/node_modules/**', '**/dist/**'], testTimeout, hookTimeout: testTimeout, pool: 'forks' as const, isolate },
});

// Fast suites first; tools/test.mjs runs them one after the other.
export default defineConfig({
  test: {
    projects: [
      // Unit specs share a process: loading the same modules again for each file took longer than all their tests.
      suite('unit', ['{apps,libs}/*/src/**/*.spec.ts'], 20_000, false),
      suite('integration', ['{apps,libs}/*/test/**/*.int.spec.ts'], 60_000),
      // On a real Kafka and a MongoDB-wire server, which tools/engines starts.
      suite('engines', ['{apps,libs,tools}/*/test/**/*.engine.spec.ts'], 240_000),
      suite('crash', ['{apps,libs}/*/test/**/*.crash.spec.ts'], 240_000),
      suite('e2e', ['e2e/**/*.e2e.spec.ts'], 400_000),
      suite('cluster', ['e2e/**/*.cluster.spec.ts'], 600_000),
    ],
  },
});
