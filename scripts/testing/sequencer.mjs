/** The order in which Jest begins the test files. */
import { createRequire } from 'node:module';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Required, since its types describe its CommonJS alone. @type {typeof import('@jest/test-sequencer').default} */
const Sequencer = createRequire(import.meta.url)('@jest/test-sequencer').default;

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What takes longest, the longest first. One of these that begins last keeps a single processor busy while the other is
 * idle; Jest itself knows only after a run how long a file takes, and guesses by its size before.
 */
export const LONGEST = [
  'test/e2e/model-pauses.e2e.test.ts',
  'test/e2e/account-export.e2e.test.ts',
  'test/e2e/limits.e2e.test.ts',
  'libs/platform/src/redis/redis-deployments.int-spec.ts',
  'test/e2e/replies.e2e.test.ts',
  'test/e2e/fairness.e2e.test.ts',
  'test/e2e/reply-engine.e2e.test.ts',
  'test/database/plans.test.ts',
  'test/e2e/streams.e2e.test.ts',
  'test/contract/fuzz/fuzz.test.ts',
  'test/e2e/auth-enumeration.e2e.test.ts',
  'test/e2e/subscription-plans.e2e.test.ts',
  'test/e2e/stream-law.e2e.test.ts',
  'test/clients/generated-clients.test.ts',
  'test/clients/web-app.test.ts',
  'test/clients/docs-browser.test.ts',
  'test/clients/client-law.test.ts',
  'test/docs/guides.test.ts',
];

/** Begins with the longest files; the others follow in Jest's own order. */
export default class LongestFirst extends Sequencer {
  /** @override @param {Parameters<import('@jest/test-sequencer').default['sort']>[0]} tests */
  async sort(tests) {
    const sorted = await super.sort(tests);
    // Those of one place stay in their order.
    return sorted.toSorted((a, b) => place(a.path) - place(b.path));
  }
}

/** @param {string} path of a test file @returns {number} where it stands among the longest; behind all of them unless it is one */
function place(path) {
  const index = LONGEST.indexOf(relative(root, path).split(sep).join('/'));
  return index < 0 ? LONGEST.length : index;
}
