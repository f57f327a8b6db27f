import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execa } from 'execa';
import { packageCommand } from '../../scripts/node/package-command.mjs';
import { newPhone } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { compileKotlin, findJava, generateKotlin, runKotlin } from './kotlin.js';

/** What each client has to find out; it prints that as JSON. */
interface Outcome {
  sent: number;
  text: string;
  content: string;
  status: string;
  tokens: number | null;
  error: string | null;
  /** The code of a message to a room that doesn't exist. */
  refused: string | null;
}

const STRICT = {
  strict: true,
  noUncheckedIndexedAccess: true,
  target: 'es2023',
  lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: ['node'],
  outDir: 'compiled',
};

const java = findJava();
const withJava = java === null ? describe.skip : describe;
if (java === null) {
  console.warn('No Java: the generated Kotlin client is skipped. Install openjdk-17-jre-headless, or set JAVA_HOME.');
}

let stack: Stack;
/** Below the project's folder, so that what is generated finds the packages that it imports. */
let folder: string;

beforeAll(async () => {
  mkdirSync('.data', { recursive: true });
  folder = mkdtempSync(join('.data', 'clients-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  stack = await startStack();
}, 600_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stack?.stop();
});

const node = (script: string, ...args: string[]) =>
  execa(process.execPath, [script, ...args], { cwd: folder, all: true });

/** Compiles what is in the folder by the rules of a careful project. What was said about it is in the error. */
async function compile(driver: string, options: object, ...flags: string[]): Promise<void> {
  writeFileSync(join(folder, `${driver}.ts`), readFileSync(`test/clients/drivers/${driver}.ts`));
  const config = { compilerOptions: { ...STRICT, ...options }, files: [`${driver}.ts`] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await node(packageCommand('typescript', 'tsc'), '--project', 'tsconfig.json', ...flags);
}

/** Drives the product with a compiled client. */
async function drive(driver: string): Promise<Outcome> {
  const { stdout } = await node(join('compiled', `${driver}.js`), stack.url, newPhone());
  return JSON.parse(stdout) as Outcome;
}

/** What every client has to see: the whole reply by its stream, and the codes of problems. */
function expectConversation(outcome: Outcome): void {
  expect(outcome).toMatchObject({ sent: 202, status: 'completed', error: null, refused: 'chatroom_not_found' });
  expect(outcome.tokens).toBeGreaterThan(0);
  expect(outcome.content).toContain('Hello from');
  expect(outcome.text).toBe(outcome.content);
}

it('openapi-typescript makes types by which openapi-fetch holds a conversation', async () => {
  const { bin } = readPackage('openapi-typescript');
  await node(bin, `${stack.url}/openapi.json`, '--output', 'api.d.ts');
  await compile('openapi-fetch', { module: 'nodenext', exactOptionalPropertyTypes: true });
  expectConversation(await drive('openapi-fetch'));
}, 600_000);

it('hey-api makes a client that holds a conversation, as Node and as bundlers resolve modules', async () => {
  const config = { input: `${stack.url}/openapi.json`, output: { path: 'api', module: { extension: '.js' } } };
  writeFileSync(join(folder, 'openapi-ts.config.mjs'), `export default ${JSON.stringify(config)};`);
  await node(packageCommand('@hey-api/openapi-ts', 'openapi-ts'), '--silent', '--no-log-file');
  await compile('hey-api', { module: 'esnext', moduleResolution: 'bundler' }, '--noEmit');
  await compile('hey-api', { module: 'nodenext' });
  expectConversation(await drive('hey-api'));
}, 600_000);

withJava('with Java', () => {
  it('OpenAPI Generator makes a Kotlin client that holds a conversation', async () => {
    const document = join(folder, 'openapi-3.0.json');
    writeFileSync(document, JSON.stringify((await stack.http.get('/openapi-3.0.json')).body));
    const project = await generateKotlin(java!, document, join(folder, 'kotlin'));
    // The answers' parts that it can't take, of which there must be none.
    expect(project.warnings).toEqual([]);
    const program = await compileKotlin(java!, project.sources, 'test/clients/drivers/kotlin.kt');
    const outcome = JSON.parse(await runKotlin(java!, program, stack.url, newPhone())) as Omit<Outcome, 'sent'>;
    // Of an answer it tells nothing but the body.
    expectConversation({ ...outcome, sent: 202 });
  }, 300_000);
});

/** Where the command of a package of the client's is. */
function readPackage(name: string): { bin: string } {
  const require = createRequire(join(process.cwd(), 'libs/client/package.json'));
  const path = require.resolve(`${name}/package.json`);
  const { bin } = JSON.parse(readFileSync(path, 'utf8')) as { bin: Record<string, string> };
  return { bin: join(path, '..', bin[name]!) };
}
