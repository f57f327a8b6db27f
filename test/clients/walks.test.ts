import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { packageCommand } from '../../scripts/node/package-command.mjs';
import { newPhone } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { collectionOf, environmentOf } from './postman/collection.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ARAZZO = 'docs/api.arazzo.yaml';
const folder = mkdtempSync(join(tmpdir(), 'walks-'));

let stack: Stack;
let shop: Server;

beforeAll(async () => {
  // The app that people come back to from paying.
  shop = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('Welcome back'),
  ).listen(0, '127.0.0.1');
  await once(shop, 'listening');
  const { port } = shop.address() as AddressInfo;
  stack = await startStack({ env: { CHECKOUT_SUCCESS_URL: `http://127.0.0.1:${port}/welcome` } });
}, 120_000);

afterAll(async () => {
  shop?.close();
  rmSync(folder, { recursive: true });
  await stack?.stop();
});

/** Runs the command of a package to its end. */
const run = (packageName: string, command: string, ...args: string[]) =>
  execa(process.execPath, [packageCommand(packageName, command), ...args], {
    cwd: root,
    all: true,
    reject: false,
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });

const file = (name: string): string => join(folder, name);
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** How many requests newman sent, and what failed. */
interface NewmanReport {
  run: {
    stats: { requests: { total: number }; assertions: { total: number } };
    failures: { error: { message: string }; source: { name: string } }[];
  };
}

it('the Arazzo description leads from a login to a paid plan', async () => {
  const [lint, walk] = await Promise.all([
    run('@redocly/cli', 'redocly', 'lint', ARAZZO, '--format=json'),
    run(
      ...(['@redocly/cli', 'redocly', 'respect', ARAZZO, '--server', `api=${stack.url}`] as const),
      ...(['--input', `phone=${newPhone()}`, '--json-output', file('respect.json')] as const),
    ),
  ]);
  expect(JSON.parse(lint.stdout)).toMatchObject({ totals: { errors: 0, warnings: 0 } });
  expect([walk.exitCode, walk.exitCode === 0 ? '' : walk.all]).toEqual([0, '']);
  const { files } = readJson(file('respect.json')) as { files: Record<string, { totalRequests: number }> };
  // Each step once, and what the plan has left for the day.
  expect(Object.values(files)[0]?.totalRequests).toBeGreaterThan(18);
}, 120_000);

it('each request of the Postman collection is answered as the description says', async () => {
  const document = readJson(join(root, 'openapi.json')) as { paths: Record<string, object> };
  const collection = JSON.stringify(await collectionOf(document));
  writeFileSync(file('collection.json'), collection);
  writeFileSync(file('environment.json'), JSON.stringify(environmentOf(stack.url)));
  expect([collection.length < 100_000, /"<\w+/.test(collection)]).toEqual([true, false]);

  const walk = await run(
    ...(['newman', 'newman', 'run', file('collection.json'), '--environment', file('environment.json')] as const),
    ...(['--reporters', 'json', '--reporter-json-export', file('newman.json')] as const),
  );
  const { stats, failures } = (readJson(file('newman.json')) as NewmanReport).run;
  expect(failures.map(({ source, error }) => `${source.name}: ${error.message}`)).toEqual([]);
  expect([walk.exitCode, stats.assertions.total]).toEqual([0, stats.requests.total]);
  const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));
  // All but Stripe's webhook, and what the two further logins take, and the file that stays with its message.
  expect(stats.requests.total).toBe(operations.length - 1 + 4 + 1);
}, 120_000);

it('llms.txt has the form that llmstxt.org describes, and its links lead to pages', async () => {
  const response = await fetch(`${stack.url}/llms.txt`);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const text = await response.text();
  expect(text).toMatch(/^# .+\n\n> .+\n/);
  const links = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\): .+$/gm)].map(([, link = '']) => link);
  const statuses = await Promise.all(links.map(async (link) => (await fetch(new URL(link, stack.url))).status));
  expect(statuses).toEqual(links.map(() => 200));
  expect(links.length).toBeGreaterThan(2);
});

it('llms.txt names operations, codes and events that the description has', async () => {
  const text = await (await fetch(`${stack.url}/llms.txt`)).text();
  const description = readFileSync(join(root, 'openapi.json'), 'utf8');
  const { paths } = JSON.parse(description) as { paths: Record<string, Record<string, object>> };
  const calls = [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^` ]*)`/g)];
  expect(calls.length).toBeGreaterThan(8);
  for (const [, method = '', path = ''] of calls) {
    const known = paths[path.replace(/\/pro$/, '/{plan}')]?.[method.toLowerCase()];
    expect([method, path, known !== undefined]).toEqual([method, path, true]);
  }
});
