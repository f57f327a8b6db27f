import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { makePro } from '../support/plan.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { writePlansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';
import { exchangesOf, Translation } from './console-session.js';
import type { MarkdownPage } from './markdown.js';
import { readPages } from './project-pages.js';
import { type Command, commandsOf, Terminal } from './shell.js';
import { UNRUN } from './unrun-commands.js';

// Each command is a process of its own, whose start takes its time on a busy machine.
import.meta.jest.setTimeout(180_000);

const pages = await readPages();
const pageOf = (path: string): MarkdownPage => {
  const page = pages.find((each) => each.path === path);
  if (page === undefined) throw new Error(`There is no page ${path}.`);
  return page;
};
const blocksOf = ({ blocks }: MarkdownPage, ...languages: string[]): MarkdownPage['blocks'] =>
  blocks.filter(({ language }) => languages.includes(language));

const withCommands = pages
  .map((page) => ({ page: page.path, commands: blocksOf(page, 'bash', 'sh').flatMap(commandsOf) }))
  .filter(({ commands }) => commands.length > 0);
const withConsole = pages.filter((page) => blocksOf(page, 'console').length > 0).map(({ path }) => path);

let stack: Stack;
let person: Person;
let folder: string;

beforeAll(async () => {
  const [plans] = blocksOf(pageOf('docs/guides/change-model.md'), 'json');
  // Where tests have other settings than people, people's.
  const asByDefault = { OTP_RESEND_SECONDS: '10' };
  stack = await startStack({ env: { PLANS_FILE: writePlansFile(plans?.text ?? ''), ...asByDefault } });
  person = await signUpAndLogIn(stack.http);
  await makePro(stack.database.url, person.id);
  folder = await mkdtemp(join(tmpdir(), 'gemini-chat-docs-'));
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await stack?.stop();
});

/** The addresses of `npm start` become those of the stack. */
const here = (text: string): string =>
  text
    .replaceAll(/(?:http:\/\/)?localhost:8000/g, stack.url)
    .replaceAll('http://127.0.0.1:9464', new URL(stack.api().metricsUrl).origin)
    .replaceAll('http://127.0.0.1:8081', stack.worker().url);

describe.each(withConsole)('a terminal as %s shows it', (path) => {
  it('answers so', async () => {
    const terminal = new Terminal(folder);
    const translation = new Translation();
    const exchanges = blocksOf(pageOf(path), 'console').flatMap(({ text }) => exchangesOf(text));
    const differences: string[] = [];
    for (const { command, answer } of exchanges) {
      const { output } = await terminal.run(here(translation.apply(command.replace('curl ', 'curl -s '))));
      const missing = translation.learn(answer, output);
      if (missing.length > 0) differences.push(`$ ${command}\n${output}\nlacks ${missing.join(', ')}`);
    }
    expect(exchanges.length).toBeGreaterThan(8);
    expect(differences).toEqual([]);
  });
});

describe.each(withCommands)('each command of $page', ({ page, commands }) => {
  it('runs, or is known not to', async () => {
    const room = await openRoom(person.http);
    const env = { AUTH: `Authorization: Bearer ${person.tokens.accessToken}` };
    const terminal = new Terminal(folder, env);
    const problems: string[] = [];
    for (const command of commands) {
      const unrun = UNRUN.find(({ fits }) => fits.test(command.text));
      const found = unrun?.problems(command.text) ?? (await failureOf(terminal, command, room));
      problems.push(...found.map((problem) => `${page}:${command.line} ${command.text}\n${problem}`));
    }
    expect(problems).toEqual([]);
  });
});

async function failureOf(terminal: Terminal, { text }: Command, room: string): Promise<string[]> {
  const command = here(text)
    .replace(/^curl /, 'curl -sS --fail-with-body ')
    .replace('/ROOM', `/${room}`);
  const { output, exitCode } = await terminal.run(command);
  return exitCode === 0 ? [] : [`ended with ${exitCode}: ${output}`];
}

it('each query of the documentation fits the schema', async () => {
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  const queries = pages.flatMap((page) => blocksOf(page, 'sql').map(({ text }) => text)).filter(isQuery);
  try {
    for (const query of queries) {
      await client.query(query.replaceAll("decode('…'", "decode('00'").replaceAll("'…'", `'${person.id}'`));
    }
  } finally {
    await client.end();
  }
  expect(queries.length).toBeGreaterThan(3);
});

/** Others change roles of the server, which all tests share. */
const isQuery = (sql: string): boolean => /^SELECT/m.test(sql);

it('no command is known not to run that no page has', () => {
  const all = withCommands.flatMap(({ commands }) => commands.map(({ text }) => text));
  expect(UNRUN.filter(({ fits }) => !all.some((text) => fits.test(text)))).toEqual([]);
});
