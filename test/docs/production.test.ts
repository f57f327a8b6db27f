import { randomBytes } from 'node:crypto';
import { type Environment, OUT_OF_REACH, STARTED, verdictOf } from '../support/deployments/start-verdict.js';
import type { CodeBlock } from './markdown.js';
import { readPages } from './project-pages.js';

/** The variables of blocks, with a value of one's own for each `<…>`. */
const variablesOf = (blocks: CodeBlock[]): Environment =>
  Object.fromEntries(
    blocks
      .flatMap(({ text }) => text.split('\n'))
      .map((line) => /^([A-Z0-9_]+)=(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, name = '', value = '']) => [name, value.replaceAll(/<[^>]+>/g, () => randomBytes(24).toString('hex'))]),
  );

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
