import type { Browser, BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Message, openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('the chat page is not tried');

/** Presses a button of the drawer, and Enter in the next task: sooner than any frame is painted. */
const CHOOSE_AND_SEND = `new Promise((resolve) => {
  [...document.querySelectorAll('.disturbances button')].find(({ textContent }) => textContent === 'Fail').click();
  setTimeout(() => {
    const enter = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true });
    resolve(document.querySelector('.composer textarea').dispatchEvent(enter));
  });
})`;

/** How far the messages are scrolled. */
const SCROLLED = "document.querySelector('.messages').scrollTop";

inABrowser('a conversation in the chat page', () => {
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let person: Person;
  let roomId: string;

  beforeAll(async () => {
    const env = { WEB_APP: 'on', BASIC_DAILY_MESSAGES: '100', SANDBOX_GEMINI_TOKENS_PER_SECOND: '60' };
    [browser, stack] = await Promise.all([launchBrowser(), startStack({ env })]);
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(25_000);
    person = await logIn(page);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    roomId = await openRoom(person.http);
    await open(page);
  });

  /** Logs in by the page, and as the same person beside it. */
  async function logIn(on: Page): Promise<Person> {
    await on.goto(`${stack.url}/`);
    const known = await enter(on);
    await on.keyboard.press('Alt+KeyD');
    return known;
  }

  /** Fills in what the login that is shown asks for. */
  async function enter(on: Page): Promise<Person> {
    const known = await signUpAndLogIn(stack.http);
    await on.getByLabel('Phone number').fill(known.phone);
    await on.keyboard.press('Enter');
    await on.getByRole('button', { name: 'Log in' }).click();
    await on.getByRole('button', { name: 'New chat' }).first().waitFor();
    return known;
  }

  async function open(on: Page): Promise<void> {
    await on.goto(`${stack.url}/#/room/${roomId}`);
    await on.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    if (on === page) await on.getByRole('button', { name: 'Clear' }).click();
  }

  async function write(content: string, on = page): Promise<void> {
    await on.getByLabel('Message', { exact: true }).fill(content);
    await on.keyboard.press('Enter');
  }

  const replyOf = (on = page) => on.getByRole('article', { name: 'Reply', exact: true }).last();

  /** Waits until the reply has this status. @returns its text in the page */
  async function ended(status: string, on = page): Promise<string> {
    await replyOf(on).locator('.status', { hasText: status }).waitFor();
    return (await replyOf(on).locator('.markdown').textContent()) ?? '';
  }

  async function stored(): Promise<Message> {
    const { body } = await person.http.get<{ messages: Message[] }>(`/chatroom/${roomId}`);
    return body.messages.at(-1)!;
  }

  const calls = (words: string) => page.locator('.call', { hasText: words });

  it('survives a cut, and shows how', async () => {
    const text = 'All of this arrives, in order and once. '.repeat(8).trim();
    await script(text, { tokensPerSecond: 4 });
    await write('Tell me');
    await eventually(async () => ((await replyOf().locator('.markdown').textContent()) ?? '').length > 60);
    await page.getByRole('button', { name: 'Cut my connection' }).click();
    expect(await ended('Completed')).toBe(text);
    expect((await stored()).content).toBe(text);
    await page.locator('.call-link', { hasText: /goes on with call \d+ after 1-\d+/ }).waitFor();
    await calls('cut').first().waitFor();
    expect(await calls('cut').count()).toBe(1);
    const sends = (await asked()).filter(({ prompt }) => prompt === 'Tell me');
    expect(sends).toHaveLength(1);
  });

  it('shows each call with its headers, events and command, and no token', async () => {
    await write('Hello');
    await ended('Completed');
    const entry = calls('/message/stream').first();
    await entry.locator('.call-line').click();
    const shown = await eventually(async () => {
      const text = (await entry.textContent()) ?? '';
      return text.includes('done') && text;
    });
    for (const part of [
      'Idempotency-Key',
      'X-Request-Id',
      'RateLimit',
      'accepted',
      'delta',
      'done',
      '{"content":"Hello"}',
    ]) {
      expect(shown).toContain(part);
    }
    expect(shown).toContain(`-H "Authorization: Bearer $TOKEN"`);
    const token = await page.evaluate<string>(`Object.values(localStorage).join()`);
    const [secret = ''] = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(token) ?? [];
    expect(secret).not.toBe('');
    expect(await page.content()).not.toContain(secret.slice(0, 40));
  });

  it.each([
    ['Break off', 'Completed', null],
    ['Lie', 'Completed', null],
    ['Fail', 'Failed', 'did not accept'],
    ['Block', 'Blocked', 'safety rules stopped'],
    ['Say nothing', 'Failed', 'gave no text'],
    ['Overrun', 'Truncated', 'greatest length'],
  ])('a model that is to %s ends as %s', async (button, status, reason) => {
    await page.getByLabel('Message', { exact: true }).fill('Go');
    await page.getByRole('button', { name: button, exact: true }).click();
    await page.getByLabel('Message', { exact: true }).press('Enter');
    await ended(status);
    if (reason !== null) await replyOf().getByText(reason).waitFor();
    const entry = calls('/message/stream').first();
    await entry.locator('.call-line').click();
    await eventually(async () => {
      expect(await entry.locator('.event-reset').count()).toBe(status === 'Completed' ? 1 : 0);
      return true;
    });
  });

  it('sends what a disturbance adds also when Enter follows at once', async () => {
    await page.getByLabel('Message', { exact: true }).fill('Go');
    await page.evaluate(CHOOSE_AND_SEND);
    expect(await ended('Failed')).toBe('');
  });

  it('shows who logs in next nothing of the one before', async () => {
    const tab = await (await browser.newContext()).newPage();
    tab.setDefaultTimeout(25_000);
    const before = await logIn(tab);
    await openRoom(before.http);
    await tab.goto(`${stack.url}/#/account`);
    await tab.reload();
    const rooms = tab.getByRole('navigation', { name: 'Chats' });
    await rooms.getByRole('link').first().waitFor();
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await tab.getByLabel('Phone number').waitFor();
    // The next list is never answered.
    await tab.route(/\/chatroom\?/, () => undefined);
    await enter(tab);
    await rooms.getByText('Loading').waitFor();
    expect(await rooms.getByRole('link').count()).toBe(0);
    await tab.context().close();
  });

  it('stops a slow model, and keeps what was written', async () => {
    await page.getByRole('button', { name: 'Slow down' }).click();
    await page.getByLabel('Message', { exact: true }).press('Enter');
    await eventually(async () => (await replyOf().locator('.markdown').count()) > 0, { withinMs: 15_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    const text = await ended('Stopped');
    expect(text).not.toBe('');
    expect((await stored()).status).toBe('cancelled');
  });

  it('regenerates, and walks through the variants', async () => {
    await script('First', {}, 1);
    await write('Tell me twice');
    expect(await ended('Completed')).toBe('First');
    await page.getByRole('button', { name: 'Regenerate' }).click();
    await page.getByRole('button', { name: 'Older variant' }).click();
    await eventually(async () => (await replyOf().locator('.markdown').textContent()) === 'First');
    await page.getByRole('button', { name: 'Newer variant' }).click();
    await eventually(async () => (await replyOf().locator('.markdown').textContent()) !== 'First');
  });

  it('keeps a menu open, beside its button, while a reply is written and the window changes', async () => {
    await script('This grows beyond the window, and is scrolled. '.repeat(40).trim(), { tokensPerSecond: 30 });
    await write('First');
    await replyOf().locator('.markdown').waitFor();
    const menu = page.getByRole('menu');
    const button = page.locator('.header').getByRole('button', { name: /^Actions for/ });
    await button.click();
    await eventually(async () => (await page.evaluate<number>(SCROLLED)) > 0, { withinMs: 25_000 });
    const before = await menu.boundingBox();
    await page.setViewportSize({ width: 1_200, height: 640 });
    await eventually(async () => (await menu.boundingBox())!.x < before!.x);
    const [shown, opener] = await Promise.all([menu.boundingBox(), button.boundingBox()]);
    expect(shown!.x + shown!.width).toBeCloseTo(opener!.x + opener!.width, 0);
    await page.setViewportSize({ width: 1_280, height: 720 });
    await page.getByRole('menuitem', { name: 'Pin', exact: true }).click();
    await page.getByText('Pinned.', { exact: true }).waitFor();
    await ended('Completed');
  });

  it('closes a menu whose button is scrolled away', async () => {
    await script('A line of a long answer.\n\n'.repeat(60).trim());
    for (const content of ['First', 'Second']) {
      await write(content);
      await page
        .locator('article .status-completed')
        .nth(content === 'First' ? 0 : 1)
        .waitFor();
    }
    const button = page.getByRole('button', { name: 'More for the reply' });
    await button.click();
    await page.getByRole('menuitem', { name: 'Show variants' }).waitFor();
    await page.evaluate(`document.querySelector('.messages').scrollTo(0, 1e6)`);
    await page.getByRole('menu').waitFor({ state: 'detached' });
    expect(await button.getAttribute('aria-expanded')).toBe('false');
  });

  it('takes a thumb up or down for a reply and its variants, and takes it back', async () => {
    await write('What do you think?');
    await ended('Completed');
    const thumb = (name: string, on = page) => replyOf(on).getByRole('button', { name, exact: true });
    const pressed = (name: string, on = page) => thumb(name, on).and(on.locator('[aria-pressed="true"]')).waitFor();
    const rated = (rating: string | null) =>
      eventually(async () => ((await stored()).feedback?.rating ?? null) === rating);
    const second = await context.newPage();
    await second.goto(`${stack.url}/#/room/${roomId}`);
    await ended('Completed', second);
    await thumb('Good reply').click();
    await pressed('Good reply');
    await rated('up');
    await pressed('Good reply', second);
    await second.close();
    await thumb('Bad reply').click();
    await rated('down');
    expect(await thumb('Good reply').getAttribute('aria-pressed')).toBe('false');
    await page.getByRole('button', { name: 'Regenerate' }).click();
    await page.getByRole('button', { name: 'Older variant' }).click();
    await pressed('Bad reply');
    await thumb('Bad reply').click();
    await thumb('Bad reply').and(page.locator('[aria-pressed="false"]')).waitFor();
    await page.getByRole('button', { name: 'Newer variant' }).click();
    await thumb('Good reply').click();
    await rated('up');
    await page.getByRole('button', { name: 'Older variant' }).click();
    await thumb('Bad reply').and(page.locator('[aria-pressed="false"]')).waitFor();
  });

  it('runs nothing that a model writes, and asks no one for it', async () => {
    const foreign: string[] = [];
    page.on('request', (request) => void (request.url().startsWith(stack.url) || foreign.push(request.url())));
    page.on('dialog', (dialog) => {
      foreign.push(dialog.message());
      void dialog.dismiss();
    });
    await script(
      [
        '<img src=x onerror="alert(1)"><script>alert(2)</script>',
        '![x](https://evil.example/pixel.gif) [click](javascript:alert(3)) <svg onload=alert(4)>',
        '[safe](https://example.com)',
      ].join('\n\n'),
    );
    await write('Attack');
    const text = await ended('Completed');
    expect(text).toContain('<img src=x onerror="alert(1)"><script>alert(2)</script>');
    expect(await replyOf().locator('.markdown :is(img, script, svg)').count()).toBe(0);
    const links = replyOf().locator('.markdown a');
    const addresses = await Promise.all((await links.all()).map((link) => link.getAttribute('href')));
    expect(addresses).toEqual(['https://evil.example/pixel.gif', 'https://example.com']);
    expect(await links.last().getAttribute('rel')).toBe('noopener noreferrer nofollow');
    expect(foreign).toEqual([]);
  });

  it('is the same in a second tab, also while a reply is written', async () => {
    const second = await context.newPage();
    await open(second);
    await script('Both tabs read this. '.repeat(12).trim(), { tokensPerSecond: 3 });
    await write('For both');
    await replyOf(second).locator('.status', { hasText: 'Generating' }).waitFor();
    const texts = await Promise.all([ended('Completed'), ended('Completed', second)]);
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toBe((await stored()).content);
    await second.close();
  });

  /** What the model says in the next messages. */
  async function script(text: string, rest: object = {}, times?: number): Promise<void> {
    const sandbox = stack.http.at(stack.sandboxUrl);
    await sandbox.delete('/control/gemini');
    const behaviours = [{ type: 'answer', text, ...rest }];
    await sandbox.post('/control/gemini/rules', { behaviours, ...(times === undefined ? {} : { times }) });
  }

  async function asked(): Promise<{ prompt: string }[]> {
    const { body } = await stack.http
      .at(stack.sandboxUrl)
      .get<{ items: { prompt: string }[] }>('/control/gemini/requests');
    return body.items;
  }
});
