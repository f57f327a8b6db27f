import type { Browser, BrowserContext } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { png, upload } from '../support/http/uploads.js';
import type { Person } from '../support/login.js';
import { type Message, openRoom, quotaOf } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';
import { DEVICES, WebApp } from '../support/web-app.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('refused files in the chat page are not tried');

const FILE_BYTES = 100_000;

/** Small limits, so that they are met with little, and a model that takes nothing but texts. */
const PLANS = plansFile(({ models, plans: { basic } }) => {
  models['gemini-2.5-flash'] = { label: 'Reader', files: ['text'] };
  basic.models.push('gemini-2.5-flash');
  Object.assign(basic, { maxFileBytes: FILE_BYTES, fileBytesStored: 4 * FILE_BYTES, filesPerMessage: 2 });
});

const textOf = (name: string, bytes: number) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from('a line\n'.repeat(bytes / 7 + 1).slice(0, bytes)),
});
const PICTURE = { name: 'sky.png', mimeType: 'image/png', buffer: png(60, 30) };
const NOTE = textOf('note.txt', 70);
const LARGE = textOf('large.txt', FILE_BYTES + 1);
/** More than a connection's buffers hold: the answer comes while it is still sent. */
const HUGE = textOf('huge.txt', 30_000_000);
const PROGRAM = { name: 'program.exe', mimeType: 'text/plain', buffer: Buffer.from('MZ\0\u0001\u0002\0') };
const TEXT = 'What of these?';

inABrowser('files that are refused, in the chat page', () => {
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    const env = { WEB_APP: 'on', BASIC_DAILY_MESSAGES: '100', PLANS_FILE: PLANS };
    [browser, stack] = await Promise.all([launchBrowser(), startStack({ env })]);
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
      ({ app, person } = await WebApp.openLoggedIn(context, stack.http, device));
    });
    afterAll(() => context?.close());

    async function openIn(room: object = {}): Promise<void> {
      roomId = await openRoom(person.http, room);
      await app.page.evaluate(`void (location.hash = '#/room/${roomId}')`);
      await app.page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    }

    const field = () => app.page.getByLabel('Message', { exact: true });
    const chips = () => app.page.getByRole('list', { name: 'Files of the next message' }).getByRole('listitem');
    const chip = (name: string) => chips().filter({ hasText: name });
    const choose = (...files: { name: string; mimeType: string; buffer: Buffer }[]) =>
      app.page.locator('.composer input[type=file]').setInputFiles(files);
    const uploaded = (name: string) => chip(name).and(app.page.locator('[aria-busy=false]:not(.attachment-failed)'));
    /** Waits for what screen readers say at once, with the name of what it is about. */
    const isSaid = (text: string) => app.page.getByRole('alert').filter({ hasText: text }).waitFor();
    const refusal = (text: RegExp | string) => app.page.getByRole('alert').getByText(text).waitFor();
    const fits = () =>
      app.page.evaluate<boolean>('document.documentElement.scrollWidth <= document.documentElement.clientWidth');

    async function stored(): Promise<Message[]> {
      return (await person.http.get<{ messages: Message[] }>(`/chatroom/${roomId}`)).body.messages;
    }
    const expectSent = async (files: string[]): Promise<void> => {
      await app.untilReply(1, 'Completed');
      const [message, ...rest] = await stored();
      expect(message).toMatchObject({ content: TEXT, files: files.map((name) => ({ name })) });
      expect(rest).toHaveLength(1);
      expect(await field().inputValue()).toBe('');
      expect(await chips().count()).toBe(0);
    };

    it.each([
      [LARGE.name, LARGE, 'This file is larger than your plan allows. Attach a smaller one.'],
      [HUGE.name, HUGE, 'This file is larger than your plan allows. Attach a smaller one.'],
      [PROGRAM.name, PROGRAM, 'Files of this kind can’t be attached: images, PDFs, texts and sounds can.'],
    ])('says what is wrong with %s, and sends the rest without it', async (_, bad, reason) => {
      await openIn();
      await field().fill(TEXT);
      await choose(PICTURE, bad);
      await uploaded('sky.png').waitFor();
      await chip(bad.name).getByText(reason, { exact: true }).waitFor();
      await isSaid(`${bad.name} could not be uploaded. ${reason}`);
      // The same file would be refused anew.
      expect(await app.button(`Upload ${bad.name} again`).count()).toBe(0);
      await field().press('Enter');
      await app.page
        .getByRole('status')
        .getByText('Not sent: remove the file that could not be uploaded.', { exact: true })
        .waitFor();
      expect(await stored()).toEqual([]);
      expect(await fits()).toBe(true);
      expect(await app.accessibilityFaults()).toEqual([]);
      await app.page.reload();
      await uploaded('sky.png').waitFor();
      expect(await field().inputValue()).toBe(TEXT);
      await choose(bad);
      await chip(bad.name).getByText(reason, { exact: true }).waitFor();
      await app.button(`Remove ${bad.name}`).click();
      await field().press('Enter');
      await expectSent(['sky.png']);
    });

    it('says that the storage is full, and uploads again once there is space', async () => {
      const others = await Promise.all([1, 2].map((n) => upload(person.http, textOf('', FILE_BYTES - n).buffer)));
      const large = [1, 2].map((n) => textOf(`large-${n}.txt`, FILE_BYTES - n));
      await openIn();
      await field().fill(TEXT);
      await choose(NOTE, large[0]!);
      await uploaded('large-1.txt').waitFor();
      await choose(large[1]!);
      const reason = /^Your files take all the space of your plan\. Delete chats with files .* a minute later\.$/;
      await chip('large-2.txt').getByText(reason).waitFor();
      await isSaid('large-2.txt could not be uploaded. Your files take all the space of your plan.');
      expect(await app.accessibilityFaults()).toEqual([]);
      await field().press('Enter');
      await app.page.getByRole('status').getByText('could not be uploaded, or upload it again.').waitFor();
      await app.button('Remove note.txt').click();
      for (const { body } of others) expect((await person.http.delete(`/file/${body.id}`)).status).toBe(204);
      await app.button('Upload large-2.txt again').click();
      await uploaded('large-2.txt').waitFor();
      expect(await field().inputValue()).toBe(TEXT);
      await field().press('Enter');
      await expectSent(['large-1.txt', 'large-2.txt']);
    });

    it('names the files that the model does not take, and sends once they are removed', async () => {
      await openIn({ model: 'gemini-2.5-flash' });
      const { used } = await quotaOf(person.http);
      await choose(PICTURE, NOTE);
      await uploaded('sky.png').waitFor();
      await uploaded('note.txt').waitFor();
      await app.send(TEXT);
      await refusal(/^Not sent\. The model of this chat, Reader, does not take “sky\.png”\./);
      expect(await app.accessibilityFaults()).toEqual([]);
      expect(await fits()).toBe(true);
      expect((await quotaOf(person.http)).used).toBe(used);
      // A reload, too, leaves the message to be written on.
      await app.page.reload();
      await uploaded('sky.png').waitFor();
      await app.send(TEXT);
      await refusal(/does not take “sky\.png”/);
      await app.button('Change').click();
      await uploaded('sky.png').waitFor();
      expect(await field().inputValue()).toBe(TEXT);
      await app.button('Remove sky.png').click();
      await field().press('Enter');
      await expectSent(['note.txt']);
    });

    it('sends what a model did not take once the chat has another model', async () => {
      await openIn({ model: 'gemini-2.5-flash' });
      await choose(PICTURE);
      await uploaded('sky.png').waitFor();
      await app.send(TEXT);
      await refusal(/does not take “sky\.png”/);
      await app.choose('Rename and settings');
      await app.page.getByLabel('Model', { exact: true }).selectOption('Flash');
      await app.button('Save').click();
      await app.page.getByRole('dialog').waitFor({ state: 'detached' });
      await app.button('Send again').click();
      await expectSent(['sky.png']);
    });

    it('says how many files a message may have, and sends once some are removed', async () => {
      await openIn();
      await choose(PICTURE, NOTE, { ...NOTE, name: 'more.txt' });
      for (const name of ['sky.png', 'note.txt', 'more.txt']) await uploaded(name).waitFor();
      await app.send(TEXT);
      await refusal('Not sent. A message must have at most 2 files.');
      expect(await app.accessibilityFaults()).toEqual([]);
      await app.button('Change').click();
      await uploaded('sky.png').waitFor();
      await app.button('Remove note.txt').click();
      await field().press('Enter');
      await expectSent(['sky.png', 'more.txt']);
    });

    it('has complained of nothing', () => expect(app.complaints).toEqual([]));
  });
});
