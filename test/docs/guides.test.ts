import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import type { Browser, Page } from 'playwright-core';
import { packageCommand } from '../../scripts/node/package-command.mjs';
import { freePort } from '../../scripts/services/ports.mjs';
import { eventually } from '../support/eventually.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { newPhone, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { GuideProject } from './guide-project.js';
import type { MarkdownPage } from './markdown.js';
import { readPages } from './project-pages.js';
import { serveFolder } from './static-server.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('the guide’s page is only built');

let stack: Stack;
let project: GuideProject;
let site: Server;
let pages: Map<string, MarkdownPage>;

const pageOf = (path: string): MarkdownPage => {
  const page = pages.get(path);
  if (page === undefined) throw new Error(`There is no page ${path}.`);
  return page;
};

beforeAll(async () => {
  pages = new Map((await readPages()).map((page) => [page.path, page]));
  const folder = await mkdtemp(join(tmpdir(), 'gemini-chat-guide-'));
  site = await serveFolder(join(folder, 'dist'));
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  [stack, project] = await Promise.all([
    startStack({ env: { CORS_ORIGINS: origin, CHECKOUT_ALLOWED_ORIGINS: origin } }),
    GuideProject.create(folder),
  ]);
  await project.write(pageOf('docs/guides/web-chat.md'), '.', (text) =>
    text.replaceAll('http://localhost:8000', stack.url),
  );
}, 120_000);
afterAll(async () => {
  site?.close();
  await stack?.stop();
  if (project !== undefined) await rm(project.folder, { recursive: true, force: true });
});

it('the first program of the web chat holds a conversation', async () => {
  const { stdout } = await execa(process.execPath, ['first.mjs'], { cwd: project.folder, timeout: 60_000 });
  expect(stdout).toContain('Why is the sky blue?');
  expect(stdout).toMatch(/\ncompleted$/);
});

it("each program's types are right", async () => {
  await project.write(pageOf('docs/guides/mobile-app.md'), 'src/mobile');
  await project.declareOthers();
  const [client] = pageOf('docs/clients.md').blocks.filter(({ language }) => language === 'ts');
  await writeFile(join(project.folder, 'src/clients-page.ts'), client?.text ?? '');
  const { stdout, exitCode } = await execa(process.execPath, [packageCommand('typescript', 'tsc'), '--project', '.'], {
    cwd: project.folder,
    reject: false,
  });
  expect(stdout).toBe('');
  expect(exitCode).toBe(0);
});

it('the receiver of codes gets them from the product, and refuses others', async () => {
  const port = await freePort();
  const secret = Buffer.from('a secret of this test alone').toString('base64');
  const changed = (text: string): string =>
    text.replace('listen(9300)', `listen(${port}, () => console.log('listening'))`);
  await project.write(pageOf('docs/guides/go-live.md'), '.', changed);
  const receiver = start('sms.mjs', { OTP_WEBHOOK_SECRET: secret });
  try {
    await eventually(() => receiver.lines.includes('listening'), { withinMs: 30_000 });
    const url = `http://127.0.0.1:${port}`;
    const api = await stack.add('api', { OTP_DELIVERY: 'webhook', OTP_WEBHOOK_URL: url, OTP_WEBHOOK_SECRET: secret });
    const http = stack.http.at(api.url);
    const phone = newPhone();
    await http.post('/auth/signup', { phone });
    await http.post('/auth/send-otp', { phone });
    await eventually(() => receiver.lines.some((line) => /^To \+1415\d+: .*\d{6}/.test(line)));
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(400);
  } finally {
    receiver.process.kill();
    await receiver.process;
  }
});

/** A program of a guide that runs until it is ended. */
function start(file: string, env: Record<string, string>): { process: ResultPromise; lines: string[] } {
  const lines: string[] = [];
  const child = execa(process.execPath, [file], { cwd: project.folder, env, reject: false });
  child.stdout.on('data', (text: Buffer) => lines.push(...text.toString().split('\n')));
  return { process: child, lines };
}

describe('the page of the web chat', () => {
  beforeAll(async () => {
    await execa(process.execPath, [packageCommand('vite'), 'build'], { cwd: project.folder });
  }, 60_000);

  it('is small', async () => {
    const { stdout } = await execa('du', ['-sk', 'dist'], { cwd: project.folder });
    expect(Number.parseInt(stdout, 10)).toBeLessThan(500);
  });

  inABrowser('in a browser', () => {
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      browser = await launchBrowser();
      page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}`);
    }, 60_000);
    afterAll(() => browser?.close());

    it('logs in, and answers', async () => {
      const { phone } = await signUpAndLogIn(stack.http);
      await page.getByLabel('Phone').fill(phone);
      await page.getByRole('button', { name: 'Send me a code' }).click();
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('button', { name: 'New chat' }).first().click();
      await page.getByLabel('Message').fill('Hello, guide');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText('Turn 1. You said: "Hello, guide".').waitFor();
      const quota = page.getByText(/of today's 5 messages are left/);
      await quota.waitFor();
      expect(await quota.textContent()).toBe("4 of today's 5 messages are left");
    });

    it('shows the room again after a reload, and its link', async () => {
      await page.reload();
      await page.getByText('Turn 1. You said: "Hello, guide".').waitFor();
      // Rooms and messages are read at the same time, so either may be first.
      const links = page.getByRole('navigation').getByRole('link');
      await links.first().waitFor();
      expect(await links.count()).toBe(1);
    });

    it('lets people pay when the day is used up, and keeps what was refused', async () => {
      for (let turn = 2; turn <= 5; turn++) await converse(`Message ${turn}`, turn);
      await page.getByLabel('Message').fill('One too many');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByRole('button', { name: 'Upgrade' }).click();
      await page.waitForURL(/\/stripe\/checkout\//);
      expect(await page.title()).not.toBe('My chat');
      await page.getByRole('button', { name: 'Pay and subscribe' }).click();
      await page.getByText('You are Pro.').waitFor();
      expect(new URL(page.url()).search).toBe('');
      await page.getByText('Turn 5. You said: "Message 5".').waitFor();
      expect(await page.getByLabel('Message').inputValue()).toBe('One too many');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText('Turn 6. You said: "One too many".').waitFor();
      expect(await page.getByLabel('Message').inputValue()).toBe('');
    });

    async function converse(content: string, turn: number): Promise<void> {
      await page.getByLabel('Message').fill(content);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText(`Turn ${turn}. You said: "${content}".`).waitFor();
    }
  });
});
