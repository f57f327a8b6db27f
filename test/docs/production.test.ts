import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { CodeBlock } from './markdown.js';
import { readPages } from './project-pages.js';

type Environment = Record<string, string>;

/** Nothing that a process connects to by itself is reached from a test, and no port is taken. */
const OUT_OF_REACH: Environment = {
  DATABASE_URL: 'postgresql://gemini_chat_app@127.0.0.1:1/gemini_chat',
  REDIS_URL: 'rediss://127.0.0.1:1/0',
  GEMINI_BASE_URL: 'https://127.0.0.1:1',
  STRIPE_API_BASE_URL: 'https://127.0.0.1:1',
  PORT: '0',
  METRICS_PORT: '0',
  WORKER_HEALTH_PORT: '0',
};

/** What a process says when its configuration is whole. */
const STARTED = /"msg":"(?:Listening on port|Working; for operators)/;

/** The variables of blocks, with a value of one's own for each `<…>`. */
const variablesOf = (blocks: CodeBlock[]): Environment =>
  Object.fromEntries(
    blocks
      .flatMap(({ text }) => text.split('\n'))
      .map((line) => /^([A-Z0-9_]+)=(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', value = '']) => [name, value.replaceAll(/<[^>]+>/g, () => randomBytes(24).toString('hex'))]),
  );

/** Starts a built process, and ends it as soon as it has said what it thinks of its configuration. */
async function verdictOf(app: string, env: Environment): Promise<string> {
  const main = fileURLToPath(new URL(`../../dist/${app}/main.js`, import.meta.url));
  const child = execa(process.execPath, [main], {
    env: { PATH: process.env['PATH'], ...env },
    extendEnv: false,
    all: true,
    reject: false,
    timeout: 30_000,
  });
  let said = '';
  child.all.on('data', (text: Buffer) => {
    said += text.toString();
    if (STARTED.test(said)) child.kill('SIGKILL');
  });
  await child;
  return said;
}

let guide: Environment;
let alternative: Environment;

beforeAll(async () => {
  const page = (await readPages()).find(({ path }) => path === 'docs/guides/go-live.md');
  const blocks = page?.blocks.filter(({ language }) => language === 'dotenv') ?? [];
  const isAlternative = ({ marks }: CodeBlock): boolean => marks.includes('alternative');
  guide = variablesOf(blocks.filter((block) => !isAlternative(block)));
  alternative = variablesOf(blocks.filter(isAlternative));
});

describe.each(['api', 'worker'])('in production, the process "%s"', (app) => {
  it('starts with what the guide has set', async () => {
    expect(await verdictOf(app, { ...guide, ...OUT_OF_REACH })).toMatch(STARTED);
  }, 60_000);

  it('asks for nothing that the guide does not set', async () => {
    const said = await verdictOf(app, {});
    const asked = Array.from(said.matchAll(/^ {2}- ([A-Z0-9_]+)/gm), ([, name = '']) => name);
    expect(new Set(asked).size).toBeGreaterThanOrEqual(4);
    // Redis can be named in several ways; the guide has another than the one that is asked for.
    const isSet = (name: string): boolean => name in guide || (name === 'REDIS_HOST' && 'REDIS_URL' in guide);
    expect(asked.filter((name) => !isSet(name))).toEqual([]);
  }, 60_000);
});

it('the API takes the other way for codes that the guide has', async () => {
  const { OTP_DELIVERY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM, ...others } = guide;
  expect([OTP_DELIVERY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM]).not.toContain(undefined);
  expect(await verdictOf('api', { ...others, ...alternative, ...OUT_OF_REACH })).toMatch(STARTED);
}, 60_000);
