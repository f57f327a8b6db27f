import type { Browser, BrowserContext, Route } from 'playwright-core';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { png } from '../support/http/uploads.js';
import type { Person } from '../support/login.js';
import { type Message, openRoom, outcome, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';
import { DESKTOP, WebApp } from '../support/web-app.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('what goes on meanwhile in the chat page is not tried');

const READER = 'gemini-2.5-flash';

/** With a second model, which takes nothing but texts. */
const PLANS = plansFile(({ models, plans: { basic } }) => {
  models[READER] = { label: 'Reader', files: ['text'] };
  basic.models.push(READER);
});

const PICTURE = { name: 'sky.png', mimeType: 'image/png', buffer: png(60, 30) };

/** Says what another tab says after it has changed something. */
const announced = (change: object) => `(() => {
  const channel = new BroadcastChannel('gemini-chat');
  channel.postMessage(${JSON.stringify(change)});
  channel.close();
})()`;

/** Resolves when the page has been drawn twice, and what it does after that is done. */
const DRAWN = `new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
})`;

interface OfferedModel {
  name: string;
  available: boolean;
}

/** A request that waits, and lets the test wait for it. */
function gate() {
  let arrive = (): void => undefined;
  let open = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  const pass = async (route: Route): Promise<void> => {
    arrive();
    await opened;
    await route.continue();
  };
  return { pass, arrived, open };
}

inABrowser('what goes on meanwhile, in the chat page', () => {
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let app: WebApp;
  let person: Person;
  let roomId: string;
  let otherId: string;

  beforeAll(async () => {
    const env = { WEB_APP: 'on', BASIC_DAILY_MESSAGES: '100', PLANS_FILE: PLANS };
    [browser, stack] = await Promise.all([launchBrowser(), startStack({ env })]);
    await new GeminiControl(stack.sandboxUrl).reset();
    context = await WebApp.newContext(browser, DESKTOP);
    ({ app, person } = await WebApp.openLoggedIn(context, stack.http, DESKTOP));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    roomId = await openRoom(person.http, { title: 'Mine', model: READER });
    otherId = await openRoom(person.http, { title: 'Other' });
    await show(roomId);
    await refreshed({ what: 'rooms' });
    await menuOf('Mine').waitFor();
    await menuOf('Other').waitFor();
    await app.page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    await focused(field()).waitFor();
  });
  afterEach(async () => {
    await app.page.unrouteAll({ behavior: 'ignoreErrors' });
    for (const id of [roomId, otherId]) await person.http.delete(`/chatroom/${id}`);
  });

  const show = (id: string) => app.page.evaluate(`void (location.hash = '#/room/${id}')`);
  const refreshed = (change: object) => app.page.evaluate(announced(change));
  const focused = (element: ReturnType<typeof field>) => element.and(app.page.locator(':focus'));
  const field = () => app.page.getByLabel('Message', { exact: true });
  const editor = () => app.page.getByLabel('Edit your message');
  const setting = (label: string) => app.page.getByRole('dialog').getByLabel(label, { exact: true });
  const menuOf = (title: string) =>
    app.page.getByRole('navigation', { name: 'Chats' }).getByRole('button', { name: `Actions for ${title}` });
  const closed = () => app.page.getByRole('dialog').waitFor({ state: 'detached' });
  const roomOf = async (id: string) => (await person.http.get<Record<string, unknown>>(`/chatroom/${id}`)).body;

  async function openSettings(title: string): Promise<void> {
    await menuOf(title).click();
    await app.page.getByRole('menuitem', { name: 'Rename and settings' }).click();
    await setting('Model').and(app.page.locator(':enabled')).waitFor();
  }

  /** Asks as another tab does, and waits until the page shows the reply, which is one of so many. */
  async function askElsewhere(content: string, replies: number): Promise<Message> {
    const { message, reply } = await send(person.http, roomId, content);
    await outcome(person.http, reply);
    await refreshed({ what: 'messages', roomId });
    await app.untilReply(replies, 'Completed');
    return message;
  }

  async function editElsewhere({ id }: Message, content: string): Promise<void> {
    expect((await person.http.post(`/chatroom/${roomId}/message/${id}/edit`, { content })).status).toBe(202);
    await refreshed({ what: 'messages', roomId });
  }

  it('leaves the settings of a chat open when those of another are saved late', async () => {
    const { pass, arrived, open } = gate();
    await app.page.route(`**/chatroom/${roomId}`, (route) =>
      route.request().method() === 'PATCH' ? pass(route) : route.continue(),
    );
    await openSettings('Mine');
    await setting('Name').fill('Saved late');
    await app.button('Save').click();
    await arrived;
    await app.page.keyboard.press('Escape');
    await closed();
    await openSettings('Other');
    await setting('Name').fill('Typed meanwhile');
    const listed = app.page.waitForResponse(/\/chatroom\?/);
    open();
    await (await listed).finished();
    // Behind the dialog, where the accessible names are hidden.
    await app.page.locator('.room', { hasText: 'Saved late' }).waitFor();
    await app.page.evaluate(DRAWN);
    expect(await setting('Name').inputValue()).toBe('Typed meanwhile');
    await app.button('Save').click();
    await closed();
    expect(await roomOf(roomId)).toMatchObject({ title: 'Saved late' });
    expect(await roomOf(otherId)).toMatchObject({ title: 'Typed meanwhile' });
  });

  it.each([
    [
      'is no longer in the plan',
      'Reader (not in your plan)',
      (model: OfferedModel) => [{ ...model, available: false }],
    ],
    ['is no longer offered', READER, () => []],
  ])('keeps a chat’s model that %s when something else is saved', async (_, shown, changed) => {
    await app.page.route('**/models', async (route) => {
      const response = await route.fetch();
      const { items } = (await response.json()) as { items: OfferedModel[] };
      const json = { items: items.flatMap((model) => (model.name === READER ? changed(model) : [model])) };
      await route.fulfill({ response, json });
    });
    await openSettings('Mine');
    expect(await setting('Model').locator('option:checked').textContent()).toBe(shown);
    await setting('Name').fill('Renamed');
    await app.button('Save').click();
    await closed();
    expect(await roomOf(roomId)).toMatchObject({ title: 'Renamed', model: READER });
  });

  it('keeps what was typed into one question when another is edited', async () => {
    await askElsewhere('The first', 1);
    await app.button('Edit the message').click();
    await editor().fill('The first, said better');
    await askElsewhere('The second', 2);
    await app.button('Edit the message').click();
    await editor().last().fill('The second, not meant');
    await app.button('Leave it').last().click();
    await app.button('Edit the message').click();
    await editor().last().fill('The second, said better');
    await app.button('Ask anew').last().click();
    await app.page.getByText('The second, said better', { exact: true }).and(app.page.locator('p')).waitFor();
    await app.untilReply(2, 'Completed');
    await app.page.reload();
    await app.untilReply(2, 'Completed');
    await editor().waitFor();
    expect(await editor().inputValue()).toBe('The first, said better');
    expect(await field().inputValue()).toBe('');
  });

  it('leaves the focus with who writes when an edit that was begun comes back', async () => {
    await askElsewhere('A question', 1);
    await app.button('Edit the message').click();
    await editor().fill('Said better');
    const { pass, arrived, open } = gate();
    await app.page.route(new RegExp(`/chatroom/${roomId}(\\?|$)`), pass);
    await app.page.reload();
    await field().fill('The next');
    await arrived;
    open();
    await editor().waitFor();
    await app.page.evaluate(DRAWN);
    await app.page.keyboard.type(' one');
    expect(await field().inputValue()).toBe('The next one');
    expect(await editor().inputValue()).toBe('Said better');
    // Who comes back to the room finds the field for the next message, too.
    await show(otherId);
    await editor().waitFor({ state: 'detached' });
    await focused(field()).waitFor();
    await show(roomId);
    await editor().waitFor();
    await focused(field()).waitFor();
    await field().fill('');
  });

  it('leaves the focus where it is when an edit becomes the next message', async () => {
    const question = await askElsewhere('A question', 1);
    await app.button('Edit the message').click();
    await editor().fill('Said better');
    const search = app.page.getByRole('searchbox');
    await search.focus();
    await editElsewhere(question, 'Asked anew elsewhere');
    await editor().waitFor({ state: 'detached' });
    await app.page.waitForFunction(`document.querySelector('.composer textarea').value === 'Said better'`);
    await app.page.evaluate(DRAWN);
    expect(await focused(search).count()).toBe(1);
    await field().fill('');
  });

  it('does not keep as the next message an edit that was asked, though its answer was lost', async () => {
    await askElsewhere('A question', 1);
    await app.button('Edit the message').click();
    await editor().fill('Said better');
    await app.page.route('**/edit', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await app.button('Ask anew').click();
    await editor().waitFor({ state: 'detached' });
    await app.page.getByText('Said better', { exact: true }).and(app.page.locator('p')).waitFor();
    await app.untilReply(1, 'Completed');
    await app.page.evaluate(DRAWN);
    expect(await field().inputValue()).toBe('');
  });

  it('names the model that refused a file also after another chat was shown', async () => {
    const names = /^Not sent\. The model of this chat, Reader, does not take “sky\.png”\./;
    await app.page.locator('.composer input[type=file]').setInputFiles(PICTURE);
    await app.page.locator('.attachment[aria-busy=false]').waitFor();
    await app.send('What of this?');
    const refusal = app.page.getByRole('alert').getByText(names);
    await refusal.waitFor();
    await show(otherId);
    await refusal.waitFor({ state: 'detached' });
    await app.page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    await show(roomId);
    expect(await refusal.textContent()).toMatch(names);
    await app.button('Discard').click();
  });

  it('has complained of nothing', () => expect(app.complaints).toEqual([]));
});
