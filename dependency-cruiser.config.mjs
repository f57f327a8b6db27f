/**
 * Who may import whom. Each rule here is proved by a planted violation in test/architecture.
 * `npx depcruise --config dependency-cruiser.config.mjs apps libs prisma test scripts bench`
 */

const tests = ['[.](spec|int-spec|test)[.]ts$', '^test/', '^apps/[^/]+/test/'];
const generatedClient = '^libs/platform/src/database/generated/';

/**
 * @param {string} from a lib
 * @param {string[]} others the libs that it may import
 * @returns {import('dependency-cruiser').IForbiddenRuleType}
 */
const libMayImport = (from, others) => ({
  name: `${from}-imports`,
  comment: `${from} may import ${others.length === 0 ? 'no other lib' : `only ${others.join(', ')}`}.`,
  severity: 'error',
  from: { path: `^libs/${from}/` },
  to: { path: '^libs/', pathNot: `^libs/(${[from, ...others].join('|')})/` },
});

/**
 * The folders of a lib, in order: each may import only those before it. Files beside the folders (module, index) put them
 * together.
 * @type {Record<string, string[]>}
 */
export const FOLDERS = {
  platform: [
    ...['clock', 'config', 'crash', 'ids', 'timeout', 'outbound', 'periodic', 'process', 'metrics', 'request'],
    ...['logging', 'tracing', 'openapi', 'problem', 'json', 'page', 'rate-limit', 'database', 'redis', 'slots'],
    ...['health', 'maintenance', 'operations', 'queue', 'shared-state', 'audit', 'retention'],
  ],
  auth: ['client', 'phone', 'token', 'session', 'rate-limit', 'access', 'otp', 'downloads', 'account', 'login'],
  subscription: ['catalogue', 'plan', 'quota', 'usage', 'stripe', 'sync', 'checkout', 'jobs', 'reconciler', 'webhook'],
  file: ['files', 'store', 'uploads', 'serving', 'removal', 'account'],
  chatroom: ['text', 'messages', 'feedback', 'rooms', 'streams', 'replies', 'sending', 'search', 'shares', 'account'],
  gemini: ['model', 'google', 'claims', 'naming', 'queue', 'replies', 'backlog'],
};

/**
 * @param {string} lib
 * @param {string[]} folders its folders, in order
 * @returns {import('dependency-cruiser').IForbiddenRuleType[]} a rule for each folder but the last
 */
const foldersGoOneWay = (lib, folders) =>
  folders.slice(0, -1).map((folder, position) => ({
    name: `${lib}-folders`,
    comment: `Within ${lib}, imports go one way: ${folders.join(' < ')}.`,
    severity: 'error',
    from: { path: `^libs/${lib}/src/${folder}/`, pathNot: tests },
    to: { path: `^libs/${lib}/src/(${folders.slice(position + 1).join('|')})/` },
  }));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    libMayImport('contracts', []),
    libMayImport('platform', ['contracts']),
    libMayImport('auth', ['platform', 'contracts']),
    libMayImport('subscription', ['auth', 'platform', 'contracts']),
    libMayImport('file', ['auth', 'subscription', 'platform', 'contracts']),
    libMayImport('chatroom', ['auth', 'subscription', 'file', 'platform', 'contracts']),
    libMayImport('gemini', ['chatroom', 'file', 'subscription', 'platform', 'contracts']),
    ...Object.entries(FOLDERS).flatMap(([lib, folders]) => foldersGoOneWay(lib, folders)),
    {
      name: 'contracts-are-plain',
      comment: 'What processes say to each other depends on no library.',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: tests },
      to: { pathNot: '^libs/contracts/' },
    },
    {
      name: 'nothing-imports-apps',
      comment: 'An app is a composition root: only its own files and tests import it.',
      severity: 'error',
      from: { path: '^(apps/([^/]+)/|libs/|prisma/|scripts/|bench/)' },
      to: { path: '^apps/', pathNot: '^apps/$2/' },
    },
    {
      name: 'libs-only-by-their-index',
      comment:
        'A lib is its src/index.ts, and src/testing.ts for tests; what these do not export is private. The client has an entry for each framework.',
      severity: 'error',
      from: { path: '^(libs/([^/]+)/|apps/|test/|bench/|scripts/)' },
      to: {
        path: '^libs/',
        pathNot: ['^libs/$2/', '^libs/[^/]+/src/(index|testing)[.]ts$', '^libs/client/src/(react|ai-sdk)/index[.]ts$'],
      },
    },
    {
      name: 'testing-exports-only-for-tests',
      comment: 'The product may not use what a lib exports for tests.',
      severity: 'error',
      from: { path: '^(apps|libs|prisma|scripts|bench)/', pathNot: tests },
      to: { path: '^libs/[^/]+/src/testing[.]ts$' },
    },
    {
      name: 'libs-only-by-their-alias',
      comment: 'Another lib is imported as @app/<lib>, never by a path.',
      severity: 'error',
      from: { path: '^(libs/([^/]+)/|apps/|test/|bench/)' },
      to: { path: '^libs/', pathNot: '^libs/$2/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'no-lib-imports-its-own-index',
      comment: 'Inside a lib imports are relative, to the file that holds the thing.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/$1/src/index[.]ts$' },
    },
    {
      name: 'client-stands-alone',
      comment: 'Apps install the client alone: it has no dependencies.',
      severity: 'error',
      from: { path: '^libs/client/src/(?!react/|ai-sdk/)', pathNot: tests },
      to: { pathNot: '^libs/client/src/(?!react/|ai-sdk/)' },
    },
    {
      name: 'client-entries-have-one-peer',
      comment: 'An entry for a framework needs that framework alone.',
      severity: 'error',
      from: { path: '^libs/client/src/(react|ai)(-sdk)?/', pathNot: tests },
      to: {
        pathNot: ['^libs/client/src/(?!react/|ai-sdk/)', '^libs/client/src/$1(-sdk)?/', 'node_modules/(@types/)?$1/'],
      },
    },
    {
      name: 'sandbox-stands-alone',
      comment: 'A stand-in that shared code with the product would share its misunderstandings.',
      severity: 'error',
      from: { path: '^apps/sandbox/', pathNot: tests },
      to: { path: ['^(libs|prisma)/', 'node_modules/(stripe|@google/(generative-ai|genai))/'] },
    },
    {
      name: 'only-the-worker-has-gemini',
      comment: 'A @Processor works in whatever process loads it, and the API has no Gemini key.',
      severity: 'error',
      from: { path: '^(apps|libs|bench|scripts)/', pathNot: ['^apps/worker/', '^libs/gemini/'] },
      to: { path: '^libs/gemini/' },
    },
    {
      name: 'api-never-reaches-gemini',
      comment: 'Nor does the command line, which runs beside it. Not over any number of imports.',
      severity: 'error',
      from: { path: '^apps/(api|admin)/' },
      to: { path: '^libs/gemini/|node_modules/@google/', reachable: true },
    },
    {
      name: 'gemini-sdk-in-one-adapter',
      comment: 'Each SDK has one file, so that either can be dropped.',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: ['^libs/gemini/src/google/(generative-ai|genai)[.]language-model[.]ts$', ...tests],
      },
      to: { path: 'node_modules/@google/' },
    },
    {
      name: 'gemini-sdk-in-one-adapter',
      comment: 'The file of one SDK knows nothing of the other.',
      severity: 'error',
      from: { path: '^libs/gemini/src/google/(generative-ai|genai)[.]language-model[.]ts$' },
      to: { path: 'node_modules/@google/', pathNot: 'node_modules/@google/$1/' },
    },
    {
      name: 'stripe-sdk-in-one-adapter',
      comment: 'The rest of the product speaks through the PaymentGateway port.',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: ['^libs/subscription/.*/stripe[.]payment-gateway[.]ts$', ...tests],
      },
      to: { path: 'node_modules/stripe/' },
    },
    {
      name: 's3-sdk-in-one-adapter',
      comment: 'The rest of the product speaks through the FileStore port, and S3 may be left out.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/file/src/store/s3[.]file-store[.]ts$', ...tests] },
      to: { path: 'node_modules/@(aws-sdk|smithy)/' },
    },
    {
      name: 'prisma-behind-the-platform',
      comment: 'Queries go through Database; the generated client has one importer and re-exporter.',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: ['^libs/platform/src/database/', '^libs/platform/src/index[.]ts$', ...tests],
      },
      to: { path: [generatedClient, 'node_modules/@prisma/'] },
    },
    {
      name: 'no-cycles',
      comment: 'In ESM a cycle of providers dies at import.',
      severity: 'error',
      from: { pathNot: generatedClient },
      to: { circular: true },
    },
    {
      name: 'product-never-imports-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'page-only-by-the-client',
      comment: 'The chat page knows the product by its HTTP API, through the client that any other app may use.',
      severity: 'error',
      from: { path: '^apps/web/' },
      to: { path: '^(apps|libs|prisma|scripts|bench|test)/', pathNot: '^(apps/web|libs/client)/' },
    },
    {
      name: 'page-bundles-its-own-packages',
      comment:
        'What is in the bundle is what the page names: its script stays small, and nothing else reaches browsers.',
      severity: 'error',
      from: { path: '^apps/web/', pathNot: tests },
      to: { path: 'node_modules/', pathNot: 'node_modules/(preact|marked)/' },
    },
    {
      name: 'product-needs-only-dependencies',
      comment:
        'An image has the dependencies of its own package.json, and no development dependencies. The page is bundled; the client has rules of its own.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^apps/web/', '^libs/client/', ...tests] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm'] },
    },
    {
      name: 'no-unresolvable-imports',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // A type is a dependency, too.
    tsPreCompilationDeps: true,
    // What the client's own build leaves.
    // The drivers import what their test generates beside them.
    exclude: { path: ['^libs/client/dist/', '^test/clients/drivers/'] },
    doNotFollow: { path: ['node_modules', generatedClient] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    skipAnalysisNotInRules: true,
  },
};
