import comments from '@eslint-community/eslint-plugin-eslint-comments';
import js from '@eslint/js';
import checkFile from 'eslint-plugin-check-file';
import jest from 'eslint-plugin-jest';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const product = ['apps/**/*.{ts,tsx}', 'libs/**/*.{ts,tsx}'];
const tests = ['**/*.spec.ts', '**/*.int-spec.ts', '{,apps/*/}test/**/*.ts'];

/**
 * Files are kebab-case with a role suffix, and named for what they hold.
 * @type {import('eslint').Linter.RulesRecord}
 */
const fileNames = {
  'check-file/filename-naming-convention': [
    'error',
    { '**/*.{ts,tsx,mjs}': 'KEBAB_CASE' },
    { ignoreMiddleExtensions: true },
  ],
  'check-file/filename-blocklist': [
    'error',
    Object.fromEntries(
      ['util', 'utils', 'common', 'helper', 'helpers', 'misc', 'shared'].flatMap((word) =>
        [`**/${word}.*`, `**/*.${word}.*`, `**/*-${word}.*`, `**/${word}/**`].map((pattern) => [pattern, '*']),
      ),
    ),
    { errorMessage: 'Name "{{ target }}" for what it holds.' },
  ],
};

const refusedImports = [
  { name: '@nestjs/common', importNames: ['forwardRef'], message: 'Break the cycle instead.' },
  ...['process', 'node:process'].map((name) => ({ name, message: 'The global says it plainer.' })),
];

/** Whoever cannot name the configuration that holds the JWT secret cannot load it. */
const nothingThatSignsTokens = {
  name: '@app/auth',
  allowImportNames: ['AUTH_RETENTION'],
  message: 'The worker never has the JWT secret.',
};

export default defineConfig(
  globalIgnores([
    ...['**/dist/', 'coverage/', '.data/', 'libs/platform/src/database/generated/'],
    'libs/client/src/openapi.ts',
    // Compiled by their test, beside what is generated there.
    'test/clients/drivers/',
  ]),

  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' },
    plugins: { 'check-file': checkFile, 'eslint-comments': comments },
    rules: {
      ...fileNames,
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'anywhere' }],
      'eslint-comments/require-description': 'error',
      'eslint-comments/no-unlimited-disable': 'error',
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', 'ts-ignore': true, 'ts-nocheck': true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // An implementation of an asynchronous port may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-imports': ['error', { paths: refusedImports }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what a module exports.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
    },
  },

  {
    name: 'product',
    files: product,
    rules: {
      'no-console': 'error',
      complexity: ['error', 15],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read a validated configuration class (platform/config).' },
      ],
    },
  },
  {
    name: 'the one reader of the environment',
    files: ['libs/platform/src/config/**'],
    rules: { 'no-restricted-properties': 'off' },
  },

  {
    name: 'the worker',
    files: ['apps/worker/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [...refusedImports, nothingThatSignsTokens] }] },
  },

  {
    name: 'tests',
    files: tests,
    extends: [jest.configs['flat/recommended']],
    rules: {
      'jest/no-disabled-tests': 'error',
      'jest/no-commented-out-tests': 'error',
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert'] }],
      'max-lines-per-function': 'off',
      'no-restricted-properties': 'off',
      // Bodies of HTTP answers are checked by expectations, not by types.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A matcher like expect.any(String) and a method handed to expect() are fine.
      '@typescript-eslint/unbound-method': 'off',
    },
  },

  {
    name: 'plain JavaScript: tsc checks it through JSDoc',
    files: ['**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: { 'no-undef': 'off', '@typescript-eslint/no-floating-promises': 'error' },
  },
);
