import type { Browser } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { newPhone } from '../support/login.js';
import { answerSlowly } from '../support/react/reader.js';
import { ExamplePage } from '../support/react/example-page.js';
import { type Stack, startStack } from '../support/stack.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('the example is built but not tried');

describe('the example on useChat', () => {
  let page: ExamplePage;
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    page = await ExamplePage.listen();
  });
  afterAll(async () => {
    await browser?.close();
    await page?.close();
    await stack?.stop();
  });

  it('builds', async () => {
    await page.build('use-chat', 'http://localhost:8000');
    expect(await (await fetch(page.origin)).text()).toContain('<script type="module"');
  });

  inABrowser('in a browser', () => {
    beforeAll(async () => {
      [stack, browser] = await Promise.all([startStack({ env: { CORS_ORIGINS: page.origin } }), launchBrowser()]);
      await Promise.all([page.build('use-chat', stack.url), answerSlowly(stack, 'Stop me')]);
    }, 120_000);

    it('logs in, shows the answer, stops one, and has both after a reload', async () => {
      const tab = await browser.newPage();
      await tab.goto(page.origin);
      await tab.getByLabel('Phone number').fill(newPhone());
      await tab.getByRole('button', { name: 'Send me a code' }).click();
      await tab.getByRole('button', { name: 'Log in' }).click();

      await tab.getByLabel('Message').fill('Hello');
      await tab.getByRole('button', { name: 'Send' }).click();
      await tab.getByText('You said: "Hello"').waitFor();

      await tab.locator('[data-status=completed]').waitFor();
      await tab.getByLabel('Message').fill('Stop me');
      await tab.getByRole('button', { name: 'Send' }).click();
      await tab.getByText('wörd').waitFor();
      await tab.getByRole('button', { name: 'Stop' }).click();
      const stopped = tab.locator('[data-status=cancelled]');
      await stopped.waitFor();
      const text = await stopped.innerText();

      await tab.reload();
      await stopped.waitFor();
      expect(await stopped.innerText()).toBe(text);
      expect(await tab.locator('[data-role]').count()).toBe(4);
    });
  });
});
