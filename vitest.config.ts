import { configDefaults, defineConfig, type UserWorkspaceConfig } from 'vitest/config';

const packages = '{libs/*,services/*,gateway,deploy/tools}';
const backend = {
  globalSetup: ['./libs/testing/src/global-setup.ts'],
  runner: './libs/testing/src/runner.ts',
  testTimeout: 30_000,
  hookTimeout: 120_000,
  // A condition is waited for as long as a loaded machine may need; one that never comes true is what fails.
  expect: { poll: { timeout: 20_000 } },
};

const folders = {
  contract: [`${packages}/test/**/contract/**/*.test.ts`],
  security: [`${packages}/test/**/security/**/*.test.ts`, 'services/*/test/{tenancy,hostile}.test.ts'],
  e2e: [`${packages}/test/**/e2e/**/*.test.ts`, 'scripts/acceptance/**/*.test.ts'],
};

function layer(name: string, include: string[], more: UserWorkspaceConfig['test'] = {}): UserWorkspaceConfig {
  return { extends: true, test: { name, include, ...more } } as UserWorkspaceConfig;
}

/** The test layers: `vitest run --project <name>`. Which layer a file belongs to is decided by its folder. */
export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', './libs/testing/src/reporter.ts'],
    projects: [
      layer(
        'unit',
        [
          `${packages}/src/**/*.test.ts`,
          'gateway/{routing,generate,embedded,edge,limits}/**/*.test.ts',
          'scripts/**/*.test.ts',
        ],
        { exclude: [...configDefaults.exclude, ...folders.e2e] },
      ),
      layer('integration', [`${packages}/test/**/*.test.ts`], {
        ...backend,
        exclude: [...configDefaults.exclude, ...Object.values(folders).flat()],
      }),
      layer('contract', folders.contract, backend),
      layer('security', folders.security, backend),
      // Every file starts whole hosts: one at a time keeps them from starving each other.
      layer('e2e', folders.e2e, { ...backend, fileParallelism: false, testTimeout: 120_000 }),
    ],
  },
});
