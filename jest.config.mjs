/** One Jest project for each kind of test. `npm test` runs all but the last three; `npx jest FILE` runs one file, with services of its own. */
const shared = {
  rootDir: '.',
  testEnvironment: '<rootDir>/test/support/jest/node-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: {
    '^@nestjs/throttler$': '<rootDir>/test/support/jest/nestjs-throttler.mjs',
    '^@app/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^@gemini-chat/client$': '<rootDir>/libs/client/src/index.ts',
    '^@gemini-chat/client/(react|ai-sdk)$': '<rootDir>/libs/client/src/$1/index.ts',
    '^@app/([a-z]+)/testing$': '<rootDir>/libs/$1/src/testing.ts',
    '^(\\.{1,2}/(?!.*\\.json\\.js$).*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
};

/** @param {string} displayName @param {string[]} testMatch */
const project = (displayName, testMatch) => ({ ...shared, displayName, testMatch });

export default {
  // No test takes nearly as long; a machine that is busy with something else may.
  testTimeout: 120_000,
  testSequencer: '<rootDir>/scripts/testing/sequencer.mjs',
  globalSetup: '<rootDir>/scripts/testing/global-setup.mjs',
  globalTeardown: '<rootDir>/scripts/testing/global-teardown.mjs',
  projects: [
    project('unit', ['<rootDir>/{apps,libs,scripts,test/support}/**/*.spec.ts']),
    project('integration', [
      '<rootDir>/{apps,libs}/**/*.int-spec.ts',
      '<rootDir>/test/{replies,database}/**/*.test.ts',
    ]),
    project('architecture', ['<rootDir>/test/architecture/**/*.test.ts']),
    project('contract', ['<rootDir>/test/contract/**/*.test.ts']),
    project('e2e', ['<rootDir>/{test/e2e,apps/sandbox/test}/**/*.test.ts']),
    project('chaos', ['<rootDir>/test/chaos/**/*.test.ts']),
    // Not a part of `npm test`, but of CI: browsers, generators, compilers and builds of examples take minutes more.
    project('clients', ['<rootDir>/test/{clients,docs}/**/*.test.ts']),
    // The same holds for rolling deploys, drills and restores.
    project('operations', ['<rootDir>/test/operations/**/*.test.ts']),
    // Not a part of `npm test`: what it measures depends on the machine.
    project('load', ['<rootDir>/test/load/**/*.test.ts']),
  ],
};
