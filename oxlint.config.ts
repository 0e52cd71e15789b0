import { defineConfig, type OxlintOverride } from 'oxlint';

/** Libraries in the order of docs/architecture.md: each may import only those that stand before it. */
const libraries = [
  'errors',
  'config',
  'telemetry',
  'contracts',
  'secrets',
  'egress',
  'expressions',
  'database',
  'cache',
  'auth',
  'events',
  'jobs',
  'clients',
  'service',
  'testing',
];

interface Restriction {
  group: string[];
  message: string;
}

const typescriptEnding = {
  regex: '^\\.{1,2}/.*\\.[cm]?js$',
  message: 'write the .ts ending: Node runs these files as they are',
};
const doors = {
  name: '@idp/database',
  importNames: ['platformDoor', 'busDoor'],
  message: 'the platform doors see all tenants: only @idp/events and @idp/jobs may open them',
};
const kafkaClient = { group: ['kafkajs'], message: 'only @idp/events speaks to Kafka' };

/** An override replaces the whole rule and the last match wins, so each one repeats the common patterns. */
function restrict(files: string[], restrictions: Restriction[], withDoors = false): OxlintOverride {
  const speaksKafka = files.some((file) => file.startsWith('libs/events/'));
  const patterns = [typescriptEnding, ...(speaksKafka ? [] : [kafkaClient]), ...restrictions];
  return {
    files,
    rules: { 'no-restricted-imports': ['error', withDoors ? { patterns } : { paths: [doors], patterns }] },
  };
}

const upperLayers: Restriction = {
  group: ['@idp/*-service', '@idp/gateway', '@idp/tools', '@idp/testing'],
  message: 'imports run one way: gateway → services → libs',
};
const deepImport: Restriction = {
  group: ['@idp/*/**'],
  message: 'a package has one public entry',
};

const libraryRules = libraries.map((name, level) => {
  const above = libraries.slice(level).map((later) => `@idp/${later}`);
  const forbidden = name === 'testing' ? ['@idp/testing'] : [...above, '@idp/tools'];
  return restrict(
    [`libs/${name}/src/**`],
    [
      { group: forbidden, message: `${name} imports only libraries above it in docs/architecture.md` },
      { group: ['@idp/*-service', '@idp/gateway'], message: 'imports run one way: gateway → services → libs' },
      deepImport,
    ],
    name === 'events' || name === 'jobs' || name === 'database',
  );
});

const serviceRules = [
  restrict(['services/*/src/**'], [upperLayers, deepImport]),
  restrict(
    ['services/*/src/**/routes/**'],
    [
      upperLayers,
      deepImport,
      { group: ['**/adapters/**', 'kysely', 'pg'], message: 'routes read through store and write through operations' },
    ],
  ),
  restrict(
    ['services/*/src/**/operations/**'],
    [upperLayers, deepImport, { group: ['fastify', '**/routes/**'], message: 'operations know nothing of HTTP' }],
  ),
  restrict(
    ['services/*/src/**/store/**'],
    [
      upperLayers,
      deepImport,
      { group: ['fastify', '**/routes/**', '**/operations/**'], message: 'store speaks SQL and nothing else' },
    ],
  ),
  restrict(
    ['services/*/src/**/domain/**'],
    [
      upperLayers,
      deepImport,
      {
        group: ['**/store/**', '**/routes/**', '**/operations/**', '**/adapters/**', 'fastify', 'kysely', 'pg'],
        message: 'domain is pure',
      },
    ],
  ),
];

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'promise', 'vitest'],
  categories: { correctness: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['**/generated/**', 'scripts/templates/**', 'examples/**'],
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'no-console': 'error',
    // Contexts are plain records of functions; none of them looks at `this`.
    'typescript/unbound-method': 'off',
    // What is printed is known by its type here; the rules ask for String() around every unknown.
    'typescript/no-base-to-string': 'off',
    'typescript/restrict-template-expressions': 'off',
    // The second argument says which of many cases failed.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'fc.assert', 'expect*', 'assert*'] }],
    'vitest/require-mock-type-parameters': 'off',
    'vitest/require-to-throw-message': 'off',
    'no-restricted-imports': ['error', { paths: [doors], patterns: [typescriptEnding] }],
  },
  overrides: [
    { files: ['scripts/**', 'deploy/tools/**', 'gateway/embedded/**', '**/test/**'], rules: { 'no-console': 'off' } },
    restrict(['gateway/edge/**'], [{ group: ['@idp/*-service'], message: 'the edge process imports libs only' }]),
    ...libraryRules,
    ...serviceRules,
  ],
});
