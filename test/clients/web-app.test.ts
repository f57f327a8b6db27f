import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext } from 'playwright-core';
import { freePort } from '../../scripts/services/ports.mjs';
import { eventually } from '../support/eventually.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { logIn, newPhone, type Person } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { DEVICES, WebApp } from '../support/web-app.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('the chat page is not tried');

/** On the loopback, in milliseconds. */
const MAX_FIRST_PAINT_MS = 1_000;

/** Answers that are written slowly, so that there is time to see it. */
const STOPPED = 'Why is the sky blue?';
const CUT = 'How does it work?';
/** Pictures are kept small. */
const BESIDE_THE_ROOMS = { x: 292, y: 0, width: 988, height: 550 };

/** What of the usage is only seen by scrolling to the right. */
const HIDDEN_WIDTH =
  "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.table-scroll'))";

/** A text without the marks of Markdown. */
const wordsOf = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();

inABrowser('the chat page', () => {
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    const PORT = String(await freePort());
    const env = { PORT, CHECKOUT_ALLOWED_ORIGINS: `http://127.0.0.1:${PORT}`, SANDBOX_GEMINI_TOKENS_PER_SECOND: '60' };
    [browser, stack] = await Promise.all([launchBrowser(), startStack({ apis: 0, env })]);
    await stack.add('api', { PORT });
    const gemini = new GeminiControl(stack.sandboxUrl);
    await gemini.script({ type: 'answer', tokensPerSecond: 4 }, { promptIs: STOPPED });
    await gemini.script({ type: 'answer', tokensPerSecond: 6 }, { promptIs: CUT });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  describe.each(DEVICES)('on $name', (device) => {
    const phone = newPhone();
    const pictureOf = (view: string): string => (device.isPhone ? `${view}-phone` : view);
    let context: BrowserContext;
    let app: WebApp;
    let secondTab: WebApp;
    let person: Person;

    beforeAll(async () => {
      context = await WebApp.newContext(browser, device);
      app = await WebApp.open(context, stack.url, device);
    });
    afterAll(() => context?.close());

    /** The text of the newest reply as the API has it. */
    async function storedReply(): Promise<string> {
      const id = new URL(app.page.url()).hash.split('/').at(-1);
      const { body } = await person.http.get<{ messages: { content: string }[] }>(`/chatroom/${id}`);
      return body.messages.at(-1)?.content ?? '';
    }

    it('is there within a second', async () => {
      expect(await app.firstContentfulPaint()).toBeLessThan(MAX_FIRST_PAINT_MS);
    });

    it('logs in with a number, and the code filled in', async () => {
      await app.page.getByLabel('Phone number').waitFor();
      expect(await app.accessibilityFaults()).toEqual([]);
      await app.picture(pictureOf('login'));
      await app.logIn(phone, 'Ada Lovelace');
      person = await logIn(stack.http, phone);
      await app.quota.getByText('5 of 5').waitFor();
    });

    it('shows an answer while it is written, and stops it', async () => {
      await app.button('New chat').first().click();
      await app.send(STOPPED);
      const text = app.lastReply.locator('.markdown');
      await text.getByText('Your message').waitFor();
      await app.picture(pictureOf('conversation'));
      const { length } = await text.innerText();
      await eventually(async () => (await text.innerText()).length > length);
      await app.button('Stop').click();
      await app.untilReply(1, 'Stopped');
      expect(await app.accessibilityFaults()).toEqual([]);
    });

    it('regenerates, and walks through the variants', async () => {
      await app.button('Regenerate').click();
      // One that is stopped before it has any text costs nothing, and the count of messages below would be another.
      await app.untilWriting();
      await app.button('Stop').click();
      const variants = app.page.getByRole('group', { name: 'Variants of the reply' });
      await variants.getByText('2/2').waitFor();
      await app.button('Older variant').click();
      await variants.getByText('1/2').waitFor();
      expect(await app.replies.count()).toBe(1);
    });

    it('names the room, and counts what was sent', async () => {
      await app.send('And red in the evening?');
      await app.untilReply(2, 'Completed');
      await app.lastReply.getByText(/out tokens/).waitFor();
      const name = /sky blue|in the evening/;
      await app.page.getByRole('heading', { name }).waitFor();
      await app.showRooms();
      await app.quota.getByText('2 of 5').waitFor();
      const links = app.page.getByRole('link', { name });
      await links.first().waitFor();
      expect(await links.count()).toBe(1);
      await links.click();
    });

    it('survives a cut connection, in a drawer that shows each call', async () => {
      await app.button('Calls').click();
      const drawer = app.page.getByRole('complementary', { name: 'Calls' });
      await drawer.waitFor();
      if (device.isPhone) {
        await app.page.reload();
        await app.button('Calls').click();
        await drawer.waitFor();
        await app.page.keyboard.press('Escape');
        await drawer.waitFor({ state: 'detached' });
        await app.page.locator('.calls-button:focus').waitFor();
      }
      await app.send(CUT);
      await app.untilWriting();
      if (device.isPhone) await app.button('Calls').click();
      await app.button('Cut my connection').click();
      await drawer.getByText(/goes on with/).waitFor();
      await app.picture(pictureOf('calls'), device.isPhone ? undefined : BESIDE_THE_ROOMS);
      expect(await app.accessibilityFaults()).toEqual([]);
      await app.button('Close the calls').click();
      await app.untilReply(3, 'Completed');
      const stored = wordsOf(await storedReply());
      expect(stored.length).toBeGreaterThan(100);
      expect(wordsOf(await app.lastReply.locator('.markdown').innerText())).toBe(stored);
    });

    it('is the same in a second tab', async () => {
      secondTab = await WebApp.open(context, app.page.url(), device);
      await secondTab.untilReply(3, 'Completed');
      await app.send('Does the other tab see this?');
      await secondTab.untilReply(4, 'Completed');
      await secondTab.page.getByText('Does the other tab see this?', { exact: true }).waitFor();
      expect(await secondTab.replies.count()).toBe(4);
      // A tab that no one sees is slow.
      await app.page.bringToFront();
    });

    it('says what it means when the day’s messages are used up', async () => {
      await app.send('One too many?');
      const card = app.page.getByRole('region', { name: 'Today’s messages are used up' });
      await card.getByText(/Your plan has 5 messages a day/).waitFor();
      await card.scrollIntoViewIfNeeded();
      await app.picture(pictureOf('quota'));
      expect(await app.accessibilityFaults()).toEqual([]);
    });

    it('pays on the sandbox’s page, and comes back to the room as Pro', async () => {
      await app.button('Go Pro').click();
      await app.page.locator('#pay').click();
      await app.replies.nth(3).waitFor();
      expect(await app.page.getByLabel('Message', { exact: true }).inputValue()).toBe('One too many?');
      await app.showRooms();
      await app.page.getByRole('link', { name: 'Plan: Pro' }).click();
      await app.page.getByRole('heading', { name: /Your plan: Pro/ }).waitFor();
      await app.page.getByText('No daily limit.').waitFor();
      await app.page.getByRole('table').waitFor();
      expect(await app.page.evaluate(HIDDEN_WIDTH)).toBe(0);
      await app.picture(pictureOf('plan'));
      expect(await app.accessibilityFaults()).toEqual([]);
    });

    it('finds a message, and leads to its room', async () => {
      await app.showRooms();
      await app.page.getByLabel('Search in all chats').fill('other tab');
      await app.page
        .getByRole('link', { name: /Does the other tab see this/ })
        .last()
        .click();
      await app.untilReply(4, 'Completed');
      expect(new URL(app.page.url()).hash).toMatch(/^#\/room\//);
    });

    it('renames, pins and archives a room, and finds it among the archived ones', async () => {
      await app.choose('Rename and settings');
      await app.page.getByLabel('Name', { exact: true }).fill('Skies');
      await app.button('Save').click();
      await app.page.getByRole('heading', { name: 'Skies' }).waitFor();
      await app.choose('Pin');
      await app.choose('Archive');
      await app.page.getByText('Archived', { exact: true }).waitFor();
      await app.showRooms();
      await app.page.getByText('No chats yet.').waitFor();
      await app.button('Archived chats').click();
      await app.page.getByRole('link', { name: 'Pinned: Skies' }).waitFor();
      expect(await app.accessibilityFaults()).toEqual([]);
    });

    it('shows where one is logged in, and ends all others', async () => {
      await app.page.getByRole('link', { name: /Ada Lovelace.*account/ }).click();
      await app.button('End all others').waitFor();
      await app.picture(pictureOf('account'));
      expect(await app.accessibilityFaults()).toEqual([]);
      await app.button('End all others').click();
      await app.button('End all others').waitFor({ state: 'detached' });
      expect((await person.http.get('/user/me')).status).toBe(401);
    });

    it('exports what is held of its user', async () => {
      const download = app.page.waitForEvent('download');
      await app.button('Export').click();
      const text = await readFile(await (await download).path(), 'utf8');
      expect(JSON.parse(text)).toMatchObject({ account: { phone } });
    });

    it('logs out in all tabs at once, and has complained of nothing', async () => {
      await app.button('Sign out').click();
      for (const { page } of [app, secondTab]) await page.getByLabel('Phone number').waitFor();
      expect([...app.complaints, ...secondTab.complaints]).toEqual([]);
    });
  });
});
