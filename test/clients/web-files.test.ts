import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Locator } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { pdf, png, upload } from '../support/http/uploads.js';
import type { Person } from '../support/login.js';
import { type Message, openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { DEVICES, WebApp } from '../support/web-app.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('files in the chat page are not tried');

const PICTURE = { name: 'sky.png', mimeType: 'image/png', buffer: png(600, 300) };
const PAPER = { name: 'paper.pdf', mimeType: 'application/pdf', buffer: pdf(20_000) };
const PROGRAM = {
  name: 'program.exe',
  mimeType: 'application/octet-stream',
  buffer: Buffer.from('MZ\0\u0001\u0002\0'),
};

/** Dispatches an event with a small image, as a browser does that has one pasted or dropped. @param kind of the event's class */
const withImage = (kind: 'drop' | 'paste', target: string): string => `(async () => {
  const image = await new Promise((resolve) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 8;
    canvas.getContext('2d').fillRect(0, 0, 8, 8);
    canvas.toBlob(resolve);
  });
  const data = new DataTransfer();
  data.items.add(new File([image], '${kind}ped.png', { type: 'image/png' }));
  const on = document.querySelector('${target}');
  const init = { bubbles: true, cancelable: true };
  if ('${kind}' === 'paste') on.dispatchEvent(new ClipboardEvent('paste', { ...init, clipboardData: data }));
  else for (const type of ['dragover', 'drop']) on.dispatchEvent(new DragEvent(type, { ...init, dataTransfer: data }));
})()`;

/** How many addresses of the page were made for contents, and not yet revoked. */
const COUNT_ADDRESSES = `
  globalThis.addresses = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (content) => {
    const url = createObjectURL.call(URL, content);
    addresses.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    addresses.delete(url);
    revokeObjectURL.call(URL, url);
  };
`;

inABrowser('files in the chat page', () => {
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    [browser, stack] = await Promise.all([
      launchBrowser(),
      startStack({ env: { WEB_APP: 'on', BASIC_DAILY_MESSAGES: '100' } }),
    ]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  describe.each(DEVICES)('on $name', (device) => {
    let context: BrowserContext;
    let app: WebApp;
    let person: Person;
    let roomId: string;

    beforeAll(async () => {
      context = await WebApp.newContext(browser, device);
      await context.addInitScript(COUNT_ADDRESSES);
      ({ app, person } = await WebApp.openLoggedIn(context, stack.http, device));
    });
    afterAll(() => context?.close());

    beforeEach(async () => {
      roomId = await openRoom(person.http);
      await show(roomId);
    });

    async function show(room: string): Promise<void> {
      await app.page.evaluate(`void (location.hash = '#/room/${room}')`);
      await app.page.getByLabel('Message', { exact: true }).waitFor();
    }

    const chips = () => app.page.getByRole('list', { name: 'Files of the next message' }).getByRole('listitem');
    const choose = (...files: { name: string; mimeType: string; buffer: Buffer }[]) =>
      app.page.locator('.composer input[type=file]').setInputFiles(files);
    const uploaded = (count: number) =>
      eventually(async () => {
        expect(await chips().count()).toBe(count);
        expect(await chips().and(app.page.locator('[aria-busy=false]')).count()).toBe(count);
        return true;
      });
    const isDrawn = (image: Locator) =>
      eventually(async () => (await image.evaluate((each) => (each as { naturalWidth: number }).naturalWidth)) > 0);

    async function stored(): Promise<Message[]> {
      const { body } = await person.http.get<{ messages: Message[] }>(`/chatroom/${roomId}`);
      return body.messages;
    }

    it('sends a picture and a paper without a word, shows both, and saves the paper', async () => {
      await choose(PICTURE, PAPER);
      await uploaded(2);
      await chips().filter({ hasText: 'sky.png' }).locator('img').waitFor();
      await chips().filter({ hasText: 'paper.pdf' }).getByText('20 kB').waitFor();
      expect(await app.accessibilityFaults()).toEqual([]);
      await app.button('Send').click();
      await app.untilReply(1, 'Completed');
      await app.lastReply.getByText(/I got: image\/png, .* application\/pdf, 20000 bytes/).waitFor();
      expect(await chips().count()).toBe(0);
      const message = app.page.getByRole('article', { name: 'Your message' });
      await isDrawn(message.getByRole('img', { name: 'sky.png' }));
      const download = app.page.waitForEvent('download');
      await message.getByRole('button', { name: 'Download paper.pdf 20 kB' }).click();
      const saved = await download;
      expect(saved.suggestedFilename()).toBe('paper.pdf');
      expect((await readFile(await saved.path())).equals(PAPER.buffer)).toBe(true);
      expect(await app.accessibilityFaults()).toEqual([]);
    });

    it('shows a picture after a reload too, large when it is pressed, and returns its memory', async () => {
      const { body: file } = await upload(person.http, PICTURE.buffer, 'old.png');
      await person.http.post(`/chatroom/${roomId}/message`, { content: 'Look', files: [file.id] });
      await app.page.reload();
      const small = app.page.getByRole('button', { name: 'Show old.png' });
      await isDrawn(small.getByRole('img'));
      await small.click();
      const dialog = app.page.getByRole('dialog', { name: 'old.png' });
      await isDrawn(dialog.getByRole('img'));
      await dialog.getByRole('button', { name: 'Close' }).click();
      expect(await app.page.evaluate('addresses.size')).toBe(1);
      await show(await openRoom(person.http));
      await eventually(async () => (await app.page.evaluate('addresses.size')) === 0);
    });

    it('says why a file is not taken, lets go of it, and sends then', async () => {
      await choose(PROGRAM);
      const chip = chips().filter({ hasText: 'program.exe' });
      await chip.getByText('Files of this kind can’t be attached').waitFor();
      await app.send('Here it is');
      await app.page.getByText('Not sent: remove the file that could not be uploaded').waitFor();
      expect(await app.accessibilityFaults()).toEqual([]);
      await chip.getByRole('button', { name: 'Remove program.exe' }).click();
      await app.page.getByText('Not sent: remove').waitFor({ state: 'detached' });
      // Another file may take its place: it is not sent by that.
      expect(await app.page.getByLabel('Message', { exact: true }).inputValue()).toBe('Here it is');
      await app.page.getByLabel('Message', { exact: true }).press('Enter');
      await app.untilReply(1, 'Completed');
      expect((await stored())[0]).toMatchObject({ content: 'Here it is', files: [] });
    });

    it('waits with sending until a slow upload is done', async () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      await app.page.route('**/file', async (route) => {
        await held;
        await route.continue();
      });
      try {
        await choose(PICTURE);
        await chips().getByText('uploading').waitFor();
        await app.send('What is this?');
        await app.page.getByText('It is sent as soon as its files are uploaded.').waitFor();
        expect(await stored()).toEqual([]);
        release();
        await app.untilReply(1, 'Completed');
        expect((await stored())[0]).toMatchObject({ content: 'What is this?', files: [{ name: 'sky.png' }] });
      } finally {
        release();
        await app.page.unroute('**/file');
      }
    });

    it('takes what is pasted and dropped, keeps it over a reload, and deletes what is removed', async () => {
      await app.page.evaluate(withImage('paste', '.composer textarea'));
      await app.page.evaluate(withImage('drop', '.messages'));
      await uploaded(2);
      await app.page.reload();
      await uploaded(2);
      await isDrawn(chips().first().locator('img'));
      const deletion = app.page.waitForResponse((response) => response.request().method() === 'DELETE');
      await app.button('Remove dropped.png').click();
      expect((await deletion).status()).toBe(204);
      await app.button('Send').click();
      await app.untilReply(1, 'Completed');
      expect((await stored())[0]).toMatchObject({ content: '', files: [{ name: 'pasteped.png' }] });
    });

    it('edits a message with its files, and says which limit a message is over', async () => {
      await choose(PICTURE);
      await app.send('What is this?');
      await app.untilReply(1, 'Completed');
      await app.button('Edit the message').click();
      await app.page.getByLabel('Edit your message').fill('');
      await app.button('Ask anew').click();
      await eventually(async () => {
        const [message, reply] = await stored();
        expect(message).toMatchObject({ content: '', files: [{ name: 'sky.png' }] });
        expect(reply).toMatchObject({ status: 'completed' });
        return true;
      });
      await isDrawn(app.page.getByRole('img', { name: 'sky.png' }));
      await choose(...Array.from({ length: 6 }, (_, index) => ({ ...PICTURE, name: `${index}.png` })));
      await uploaded(6);
      await app.button('Send').click();
      await app.page.getByText('Not sent. A message must have at most 5 files.').waitFor();
      await app.button('Change').click();
      await uploaded(6);
      await app.button('Remove 0.png').click();
      await app.button('Send').click();
      await app.untilReply(2, 'Completed');
      expect((await stored()).at(-2)?.files.map(({ name }) => name)).toEqual([
        '1.png',
        '2.png',
        '3.png',
        '4.png',
        '5.png',
      ]);
    });

    it('has complained of nothing', () => expect(app.complaints).toEqual([]));
  });
});
