import type { Browser, BrowserContext, Locator } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { newPhone, type Person } from '../support/login.js';
import { openRoom, outcome, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { DESKTOP, WebApp } from '../support/web-app.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('what the chat page keeps is not tried');

/** Says what another tab says after it has changed something. */
const announced = (change: object) => `(() => {
  const channel = new BroadcastChannel('gemini-chat');
  channel.postMessage(${JSON.stringify(change)});
  channel.close();
})()`;

/** Selects a word of the reply, which may still grow. */
const select = (word: string) => `(() => {
  const [text] = [...document.querySelectorAll('.message-bot .markdown')].at(-1).querySelector('p').childNodes;
  const start = text.data.indexOf(${JSON.stringify(word)});
  getSelection().setBaseAndExtent(text, start, text, start + ${word.length});
})()`;

/** Longer than notices are shown. */
const SHOWN_MS = 7_000;

/** More than a window is high. */
const LINES = Array.from({ length: 60 }, (_, index) => `- Line ${index + 1}.`).join('\n');

/** Whether nothing of the message that is written is above or below its field. */
const SHOWS_ALL = `(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)(document.querySelector('.composer textarea'))`;

inABrowser('what a person has opened or typed, in the chat page', () => {
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let app: WebApp;
  let person: Person;
  let gemini: GeminiControl;
  /** The room that is shown, and one that is above it in the list. */
  let roomId: string;
  let otherId: string;

  beforeAll(async () => {
    const env = { WEB_APP: 'on', BASIC_DAILY_MESSAGES: '100' };
    [browser, stack] = await Promise.all([launchBrowser(), startStack({ env })]);
    gemini = new GeminiControl(stack.sandboxUrl);
    context = await WebApp.newContext(browser, DESKTOP);
    ({ app, person } = await WebApp.openLoggedIn(context, stack.http, DESKTOP));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    await gemini.reset();
    roomId = await openRoom(person.http, { title: 'Mine' });
    otherId = await openRoom(person.http, { title: 'Other' });
    await app.page.evaluate(`void (location.hash = '#/room/${roomId}')`);
    await refreshed({ what: 'rooms' });
    await room(otherId).waitFor();
    await app.page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    await isAt(1);
    // The page leads it there a little after the room is shown.
    await app.page.getByLabel('Message', { exact: true }).and(app.page.locator(':focus')).waitFor();
  });
  afterEach(async () => {
    for (const id of [roomId, otherId]) await person.http.delete(`/chatroom/${id}`);
  });

  const rooms = () => app.page.getByRole('navigation', { name: 'Chats' }).getByRole('listitem');
  const room = (id: string) => rooms().filter({ has: app.page.locator(`a[href="#/room/${id}"]`) });
  const refreshed = (change: object) => app.page.evaluate(announced(change));
  /** Waits until the room stands there in the list. */
  const isAt = (place: number) => rooms().nth(place).locator(`a[href="#/room/${roomId}"]`).waitFor();
  const expectFocused = async (element: Locator) =>
    expect(await element.and(app.page.locator(':focus')).count()).toBe(1);
  const openSettings = async () => {
    await room(roomId).getByRole('button', { name: 'Actions for Mine' }).click();
    await app.page.getByRole('menuitem', { name: 'Rename and settings' }).click();
    await app.page.getByLabel('Model', { exact: true }).and(app.page.locator(':enabled')).waitFor();
  };
  const setting = (label: string) => app.page.getByRole('dialog').getByLabel(label, { exact: true });
  const settings = async () => (await person.http.get<Record<string, unknown>>(`/chatroom/${roomId}`)).body;
  const save = async () => {
    await app.button('Save').click();
    await app.page.getByRole('dialog').waitFor({ state: 'detached' });
  };

  it('stays in a dialog whose room moves in the list, and leaves it', async () => {
    await openSettings();
    await setting('Thinking before it answers').selectOption('Much');
    await setting('Name').fill('Typed');
    const { reply } = await send(person.http, roomId, 'This moves the room');
    await outcome(person.http, reply);
    await refreshed({ what: 'rooms' });
    await isAt(0);
    const isWhole = async () => {
      expect(await app.page.locator('dialog:modal').count()).toBe(1);
      expect(await setting('Name').inputValue()).toBe('Typed');
      expect(await setting('Thinking before it answers').inputValue()).toBe('high');
      await expectFocused(setting('Name'));
    };
    await isWhole();
    await person.http.patch(`/chatroom/${roomId}`, { archived: true });
    await refreshed({ what: 'rooms' });
    await room(roomId).waitFor({ state: 'detached' });
    await isWhole();
    await save();
    expect(await settings()).toMatchObject({ title: 'Typed', thinking: 'high', archived: true });
  });

  it('stays in the settings when they are refused, and nothing else is overwritten with them', async () => {
    await openSettings();
    await setting('Thinking before it answers').selectOption('Little');
    await setting('Instruction for the model').fill('Be brief.');
    await app.page.route(`**/chatroom/${roomId}`, (route) => route.abort());
    await app.button('Save').click();
    await app.page.getByRole('dialog').getByText('The API could not be reached.').waitFor();
    expect(await setting('Thinking before it answers').inputValue()).toBe('low');
    await app.page.unroute(`**/chatroom/${roomId}`);
    await person.http.patch(`/chatroom/${roomId}`, { title: 'Named elsewhere', search: true });
    await refreshed({ what: 'rooms' });
    await room(roomId).getByText('Named elsewhere').waitFor();
    await save();
    const stored = { title: 'Named elsewhere', search: true, thinking: 'low', systemInstruction: 'Be brief.' };
    expect(await settings()).toMatchObject(stored);
  });

  it('stays in a dialog when a selection of its text ends beside it', async () => {
    await openSettings();
    await setting('Name').fill('A name to select');
    const box = (await setting('Name').boundingBox())!;
    await app.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await app.page.mouse.down();
    await app.page.mouse.move(5, box.y, { steps: 3 });
    await app.page.mouse.up();
    expect(await setting('Name').inputValue()).toBe('A name to select');
    await app.page.mouse.click(5, box.y);
    await app.page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('keeps a menu beside its button, with the focus in it, when its room moves in the list', async () => {
    const button = room(roomId).getByRole('button', { name: 'Actions for Mine' });
    await button.click();
    await app.page.keyboard.press('ArrowDown');
    const share = app.page.getByRole('menuitem', { name: 'Share' });
    await expectFocused(share);
    await send(person.http, roomId, 'This moves the room');
    await refreshed({ what: 'rooms' });
    await isAt(0);
    await expectFocused(share);
    const [menu, opener] = await Promise.all([app.page.getByRole('menu').boundingBox(), button.boundingBox()]);
    expect(menu!.y).toBeCloseTo(opener!.y + opener!.height + 4, 0);
    await app.page.keyboard.press('Escape');
    await expectFocused(button);
  });

  it('keeps the place of who goes through the rooms by the keyboard', async () => {
    const link = room(roomId).getByRole('link');
    await link.focus();
    await send(person.http, roomId, 'This moves the room');
    await refreshed({ what: 'rooms' });
    await isAt(0);
    await expectFocused(link);
  });

  it('keeps what was typed into an earlier question, while another tab goes on with the room', async () => {
    const { reply } = await send(person.http, roomId, 'The first question');
    await outcome(person.http, reply);
    await refreshed({ what: 'messages', roomId });
    await app.untilReply(1, 'Completed');
    await app.button('Edit the message').click();
    const editor = app.page.getByLabel('Edit your message');
    await editor.fill('The first question, said better');
    await gemini.script({ type: 'answer', text: 'Slow. '.repeat(100), tokensPerSecond: 1 }, {}, 1);
    expect((await person.http.post(`/chatroom/${roomId}/message/${reply.id}/regenerate`)).status).toBe(202);
    await refreshed({ what: 'messages', roomId });
    await app.button('Stop').waitFor();
    expect(await editor.inputValue()).toBe('The first question, said better');
    expect(await app.button('Ask anew').isDisabled()).toBe(true);
    await app.page.getByRole('status').getByText('It can be asked anew once the reply is finished.').waitFor();
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.button('Stop').click();
    await app.button('Ask anew').and(app.page.locator(':enabled')).waitFor();
    expect(await editor.inputValue()).toBe('The first question, said better');
    await outcome(person.http, (await send(person.http, roomId, 'Another question')).reply);
    await refreshed({ what: 'messages', roomId });
    await app.untilReply(2, 'Completed');
    await app.page.getByRole('status').getByText('Only the latest question can be asked anew.').waitFor();
    expect(await editor.inputValue()).toBe('The first question, said better');
    await app.button('Leave it').click();
    await app.page.getByText('The first question', { exact: true }).waitFor();
  });

  it('keeps an edit over a reload, and as the next message when another tab has asked the question anew', async () => {
    const { message, reply } = await send(person.http, roomId, 'A question');
    await outcome(person.http, reply);
    await refreshed({ what: 'messages', roomId });
    await app.untilReply(1, 'Completed');
    await app.button('Edit the message').click();
    const editor = app.page.getByLabel('Edit your message');
    await editor.fill('A question, said better');
    await app.page.reload();
    await editor.waitFor();
    expect(await editor.inputValue()).toBe('A question, said better');
    await app.button('Leave it').click();
    await app.button('Edit the message').click();
    expect(await editor.inputValue()).toBe('A question');
    await editor.fill('A question, said better');
    const edited = { content: 'Asked anew elsewhere' };
    expect((await person.http.post(`/chatroom/${roomId}/message/${message.id}/edit`, edited)).status).toBe(202);
    await refreshed({ what: 'messages', roomId });
    await editor.waitFor({ state: 'detached' });
    const field = app.page.getByLabel('Message', { exact: true });
    await eventually(async () => (await field.inputValue()) === 'A question, said better');
    await app.untilReply(1, 'Completed');
    await app.button('Edit the message').click();
    await editor.fill('Asked anew here');
    await app.button('Ask anew').click();
    await app.page.getByText('Asked anew here', { exact: true }).waitFor();
    await app.untilReply(1, 'Completed');
    expect(await field.inputValue()).toBe('A question, said better');
    await field.fill('');
  });

  it('keeps a selection in a reply that grows, and where it is seen', async () => {
    const text = 'Words that are selected stay selected, however many follow them. '.repeat(8).trim();
    await gemini.script({ type: 'answer', text: `${text}\n\n${LINES}`, tokensPerSecond: 12 }, {}, 1);
    await app.send('Write slowly');
    const answer = app.lastReply.locator('.markdown');
    await answer.getByText('selected stay').waitFor();
    await app.page.evaluate(select('selected stay'));
    const before = await answer.innerText();
    await eventually(async () => (await answer.innerText()).length > before.length);
    expect(await app.page.evaluate('getSelection().toString()')).toBe('selected stay');
    await answer.getByText('Line 40.').waitFor();
    await app.button('Latest').waitFor();
    const box = await answer.getByText('selected stay').boundingBox();
    expect(box!.y).toBeGreaterThan(0);
    await app.untilReply(1, 'Completed');
    expect(await answer.locator('p').first().innerText()).toBe(text);
    expect(await app.page.evaluate('getSelection().toString()')).toBe('selected stay');
    await app.button('Latest').click();
    await app.button('Latest').waitFor({ state: 'detached' });
  });

  it('keeps a name that is typed while another tab changes it', async () => {
    await app.page.evaluate(`void (location.hash = '#/account')`);
    const name = app.page.getByLabel('Name', { exact: true });
    await name.fill('Countess of Lovelace');
    expect((await person.http.patch('/user/me', { name: 'Ada King' })).status).toBe(200);
    await refreshed({ what: 'account' });
    await app.page.getByRole('link', { name: /Ada King.*account/ }).waitFor();
    expect(await name.inputValue()).toBe('Countess of Lovelace');
    await app.button('Save').click();
    await app.page.getByRole('link', { name: /Countess of Lovelace.*account/ }).waitFor();
  });

  it('keeps a notice while it is pointed at or has the focus', async () => {
    // The clock is one of all pages of a context.
    const own = await WebApp.newContext(browser, DESKTOP);
    try {
      const tab = await WebApp.open(own, stack.url, DESKTOP);
      await tab.logIn(newPhone(), 'Grace Hopper');
      await tab.button('New chat').first().click();
      await tab.page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
      await tab.page.getByLabel('Message', { exact: true }).and(tab.page.locator(':focus')).waitFor();
      await tab.page.clock.install();
      // From here on time passes only as the test says.
      await tab.page.clock.pauseAt(Date.now() + 60_000);
      await tab.choose('Pin');
      const notice = tab.page.getByRole('status').getByText('Pinned.', { exact: true });
      await notice.hover();
      await tab.page.clock.fastForward(SHOWN_MS);
      await notice.hover();
      await tab.button('Dismiss').focus();
      await tab.page.mouse.move(0, 0);
      await tab.page.clock.fastForward(SHOWN_MS);
      expect(await notice.count()).toBe(1);
      await tab.page.getByLabel('Message', { exact: true }).focus();
      await tab.page.clock.fastForward(SHOWN_MS);
      await notice.waitFor({ state: 'detached' });
      expect(tab.complaints).toEqual([]);
    } finally {
      await own.close();
    }
  });

  it('shows all of a message that is written when the window becomes narrow', async () => {
    const field = app.page.getByLabel('Message', { exact: true });
    await field.fill('A message that is as long as a line or two, and a little longer than that. '.repeat(2));
    const { width, height } = DESKTOP;
    await app.page.setViewportSize({ width: 900, height });
    try {
      await eventually(async () => {
        expect(await app.page.evaluate(SHOWS_ALL)).toBe(true);
        return true;
      });
    } finally {
      await app.page.setViewportSize({ width, height });
    }
  });

  it('keeps as many rooms in the list as were loaded', async () => {
    const more = await Promise.all(
      Array.from({ length: 101 }, (_, index) => openRoom(person.http, { title: `${index}` })),
    );
    try {
      await app.page.reload();
      for (const loaded of [50, 100]) {
        await rooms()
          .nth(loaded - 1)
          .waitFor();
        await app.button('More chats').click();
      }
      await rooms().nth(101).waitFor();
      await send(person.http, roomId, 'This moves the room');
      await refreshed({ what: 'rooms' });
      await isAt(0);
      expect(await rooms().count()).toBeGreaterThan(101);
    } finally {
      await Promise.all(more.map((id) => person.http.delete(`/chatroom/${id}`)));
    }
  });

  it('has complained of nothing', () => expect(app.complaints).toEqual([]));
});
