// ESLint holds the rooms: which may import which, and no cycle between them. Everything else is oxlint's.
import nx from '@nx/eslint-plugin';
import tsParser from '@typescript-eslint/parser';

/** Arrows of design: room -> rooms it may import. */
const pure = ['kernel', 'contracts', 'transparency', 'eventsourcing'];
const shell = [...pure, 'runtime', 'crypto', 'rpc', 'store-sqlite', 'store-mongo', 'feed-kafka', 'service'];
export const arrows = {
  kernel: [],
  contracts: [],
  transparency: ['kernel'],
  eventsourcing: ['kernel', 'contracts', 'transparency'],
  runtime: pure,
  crypto: [...pure, 'runtime'],
  rpc: [...pure, 'runtime'],
  'store-sqlite': [...pure, 'runtime'],
  'store-mongo': [...pure, 'runtime'],
  'feed-kafka': [...pure, 'runtime', 'rpc'],
  service: [...pure, 'runtime', 'crypto', 'rpc', 'store-sqlite', 'store-mongo', 'feed-kafka'],
  testing: [...pure, 'runtime', 'crypto', 'rpc'],
  identity: shell,
  authentication: shell,
  consent: shell,
  audit: shell,
  tillid: [...pure, 'runtime', 'crypto', 'rpc'],
  auditor: [...pure, 'runtime', 'rpc'],
};

const boundaries = (extra) => [
  'error',
  {
    allow: [],
    enforceBuildableLibDependency: false,
    banTransitiveDependencies: false,
    depConstraints: Object.entries(arrows).map(([room, may]) => ({
      sourceTag: `room:${room}`,
      onlyDependOnLibsWithTags: [...may, ...extra, room].map((name) => `room:${name}`),
    })),
  },
];

const noApps = { regex: '^@tillid/(identity|authentication|consent|audit|tillid|auditor)(/|$)', message: 'Apps import no apps, and nothing else does.' };
const languageOptions = { parser: tsParser };
const plugins = { '@nx': nx };

export default [
  { ignores: ['**/dist/**', '**/node_modules/**', 'libs/contracts/src/**'] },
  {
    files: ['{apps,libs}/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    languageOptions,
    plugins,
    rules: { '@nx/enforce-module-boundaries': boundaries([]) },
  },
  {
    // Tests may use the contract suites too, and tests of processes the whole shell.
    files: ['{apps,libs}/*/src/**/*.spec.ts', '{apps,libs}/*/test/**/*.ts'],
    languageOptions,
    plugins,
    rules: { '@nx/enforce-module-boundaries': boundaries(['testing', 'store-sqlite', 'store-mongo', 'feed-kafka', 'crypto']) },
  },
  {
    // Apps have no front door: nothing imports one, by name (here) or by path (the boundary rule).
    files: ['{apps,libs}/*/{src,test}/**/*.ts'],
    ignores: ['libs/{kernel,transparency,eventsourcing}/src/**'],
    languageOptions,
    rules: { 'no-restricted-imports': ['error', { patterns: [noApps] }] },
  },
  {
    // The pure libraries know messages, not services: service files bring grpc-js with them.
    files: ['libs/{kernel,transparency,eventsourcing}/src/**/*.ts'],
    languageOptions,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            noApps,
            { group: ['@tillid/contracts/**/service'], message: 'Pure libraries import messages only.' },
            { group: ['node:fs', 'node:fs/*', 'node:net', 'node:http', 'node:https', '@grpc/*', '@nestjs/*'], message: 'Pure libraries do no I/O.' },
          ],
        },
      ],
    },
  },
  {
    // A decider has no default branch, reads no clock and draws no lots.
    files: ['apps/*/src/domain/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    languageOptions,
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'SwitchCase[test=null]', message: 'No default branch: a new event must break the build.' },
        { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Time arrives inside the command.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time arrives inside the command.' },
        { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Randomness arrives inside the command.' },
      ],
    },
  },
];
