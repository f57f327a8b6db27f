import type { Browser, BrowserContext } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { upload } from '../support/http/uploads.js';
import type { Person } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { DESKTOP, WebApp } from '../support/web-app.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('thoughts and sources in the chat page are not tried');

/** Thoughts that take a minute, five seconds each. */
const LONG_THOUGHTS = Array.from({ length: 12 }, (_, index) => `**Idea ${index + 1}.** `).join('');

const RED_THOUGHTS =
  'The picture shows a low sun above water. **The path of the light** through the air is long then, so I explain scattering.';
const RED_ANSWER =
  'Shortly before it sets, sunlight comes a long way through the air. Air scatters **blue light** more than red light, ' +
  'so that mostly red and orange are left.\n\nThe water mirrors them, which is why the lower half of your picture glows, too.';

/** Pictures are kept small. */
const BESIDE_THE_ROOMS = { x: 292, y: 0, width: 988, height: 800 };

/** Draws a sunset. @returns it as PNG, in base64 */
const EVENING = `(() => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 480, height: 300 });
  const draw = canvas.getContext('2d');
  const fill = (top, bottom, colours) => {
    const gradient = draw.createLinearGradient(0, top, 0, bottom);
    colours.forEach((colour, index) => gradient.addColorStop(index / (colours.length - 1), colour));
    draw.fillStyle = gradient;
    draw.fillRect(0, top, 480, bottom - top);
  };
  fill(0, 190, ['#3b2a5c', '#a8325a', '#f0683a', '#ffb347']);
  draw.fillStyle = '#fff1b8';
  draw.beginPath();
  draw.arc(250, 180, 34, 0, 7);
  draw.fill();
  fill(190, 300, ['#d8613c', '#7a2b4f', '#2a1d40']);
  return canvas.toDataURL('image/png').split(',')[1];
})()`;

inABrowser('thoughts and sources in the chat page', () => {
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let app: WebApp;
  let person: Person;
  let gemini: GeminiControl;

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
  beforeEach(() => gemini.reset());

  async function openIn(room: object): Promise<string> {
    const roomId = await openRoom(person.http, room);
    await app.page.evaluate(`void (location.hash = '#/room/${roomId}')`);
    await app.page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    return roomId;
  }

  const thoughts = () => app.lastReply.locator('details.thoughts');
  const isOpen = (wanted: boolean) =>
    eventually(async () => (await thoughts().evaluate((each) => (each as { open: boolean }).open)) === wanted);
  const answer = () => app.lastReply.locator('> .markdown');

  it('is switched on in the settings of a room, and off again', async () => {
    const roomId = await openIn({});
    const switched = async (): Promise<object> => (await person.http.get<object>(`/chatroom/${roomId}`)).body;
    await app.choose('Rename and settings');
    await app.page.getByRole('switch', { name: 'Show thoughts' }).check();
    await app.page.getByRole('switch', { name: 'Search the web' }).check();
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.button('Save').click();
    await app.page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await switched()).toMatchObject({ showThoughts: true, search: true });
    await app.choose('Rename and settings');
    const search = app.page.getByRole('switch', { name: 'Search the web' });
    expect(await search.isChecked()).toBe(true);
    await search.uncheck();
    await app.button('Save').click();
    await app.page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await switched()).toMatchObject({ showThoughts: true, search: false });
  });

  it('shows thoughts while there is nothing else, and closes them once the answer begins', async () => {
    await openIn({ showThoughts: true });
    await gemini.script({ type: 'answer', thoughts: LONG_THOUGHTS, tokensPerSecond: 0.2 }, {}, 1);
    await app.send('Think long');
    await thoughts().getByText('Idea 1.').waitFor();
    await isOpen(true);
    await app.lastReply.getByText('The model thinks').waitFor();
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.button('Stop').click();
    await app.untilReply(1, 'Stopped');

    const text = 'The answer is long, too. '.repeat(20).trim();
    await gemini.script({ type: 'answer', thoughts: 'I *know* <b>this</b>.', text, tokensPerSecond: 4 }, {}, 1);
    await app.send('Think anew');
    await app.page.locator('article[aria-busy=true] > .markdown', { hasText: 'The answer' }).waitFor();
    await isOpen(false);
    await thoughts().getByText('Thoughts', { exact: true }).click();
    await isOpen(true);
    expect(await thoughts().locator('.markdown').innerText()).toBe('I know <b>this</b>.');
    await app.button('Stop').click();
    await app.untilReply(2, 'Stopped');
    // As the reader has left them.
    await isOpen(true);
  });

  it('shows them of a stored reply, closed, opened by the keyboard', async () => {
    await openIn({ showThoughts: true });
    await app.send('Why?');
    await app.untilReply(1, 'Completed');
    await app.page.reload();
    await app.untilReply(1, 'Completed');
    await isOpen(false);
    await thoughts().locator('summary').press('Enter');
    await isOpen(true);
    await thoughts().getByText('I was asked: "Why?".').waitFor();
    expect(await answer().innerText()).not.toContain('I was asked');
  });

  it('lists sources and queries, with their numbers in the text', async () => {
    await openIn({ search: true });
    await gemini.script({ type: 'answer', text: 'The **sky is blue**. The evening is red.' });
    await app.send('Which colours?');
    await app.untilReply(1, 'Completed');
    const check = async (): Promise<void> => {
      const sources = app.lastReply.getByRole('region', { name: 'Sources' });
      const links = await sources.getByRole('link').all();
      expect(await Promise.all(links.map((link) => link.getAttribute('href')))).toEqual([
        'https://one.example/page',
        'https://two.example/page',
      ]);
      for (const link of links) {
        expect(await link.getAttribute('target')).toBe('_blank');
        expect(await link.getAttribute('rel')).toContain('noopener noreferrer');
      }
      await sources.getByText('Searched for “Which colours?”').waitFor();
      expect(await answer().locator('sup').allInnerTexts()).toEqual(['1, 2']);
      expect(await answer().locator('strong').innerText()).toBe('sky is blue');
    };
    await check();
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.page.reload();
    await app.untilReply(1, 'Completed');
    await check();
  });

  it('shows in the drawer the events of thoughts and sources, and of an upload no byte', async () => {
    await app.button('Calls').click();
    await app.button('Clear').click();
    await openIn({ showThoughts: true, search: true });
    const note = {
      name: 'note.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('No one may read this in the drawer.'),
    };
    await app.page.locator('.composer input[type=file]').setInputFiles([note]);
    await app.send('Read it');
    await app.untilReply(1, 'Completed');
    const entry = (path: string) => app.page.locator('.call', { hasText: path }).first();
    await entry('/message/stream').locator('.call-line').click();
    for (const name of ['thought', 'sources']) {
      await entry('/message/stream')
        .locator('.event-name', { hasText: new RegExp(`^${name}$`) })
        .first()
        .waitFor();
    }
    await entry('POST/file').locator('.call-line').click();
    await entry('POST/file').getByLabel('Request body').getByText('file: note.txt').waitFor();
    const command = await entry('POST/file').getByLabel('As curl', { exact: true }).innerText();
    expect(command).toContain(`-F 'file=@note.txt'`);
    expect(command).not.toContain('boundary');
    expect(await app.page.content()).not.toContain('may read this');
    await app.button('Close the calls').click();
  });

  it('has it all at once, and has complained of nothing', async () => {
    const roomId = await openIn({ title: 'A red evening', showThoughts: true, search: true });
    await gemini.script({ type: 'answer', thoughts: RED_THOUGHTS, text: RED_ANSWER }, {}, 1);
    const evening = Buffer.from(await app.page.evaluate<string>(EVENING), 'base64');
    const { body: file } = await upload(person.http, evening, 'evening.png');
    await person.http.post(`/chatroom/${roomId}/message`, { content: 'Why is this red?', files: [file.id] });
    await app.page.reload();
    await app.untilReply(1, 'Completed');
    const image = app.page.getByRole('img', { name: 'evening.png' });
    await eventually(async () => (await image.evaluate((each) => (each as { naturalWidth: number }).naturalWidth)) > 0);
    await thoughts().getByText('Thoughts', { exact: true }).click();
    await isOpen(true);
    await app.lastReply.getByRole('region', { name: 'Sources' }).getByRole('link').first().waitFor();
    expect(await app.accessibilityFaults()).toEqual([]);
    await app.picture('abilities', BESIDE_THE_ROOMS);
    expect(app.complaints).toEqual([]);
  });
});
