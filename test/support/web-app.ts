import { mkdirSync } from 'node:fs';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import type { HttpClient } from './http/http-client.js';
import { logIn, newPhone, type Person } from './login.js';

/** What the page is looked at with. */
export interface Device {
  name: string;
  width: number;
  height: number;
  /** With fingers. */
  isPhone: boolean;
}

export const DESKTOP: Device = { name: 'a desktop', width: 1_280, height: 800, isPhone: false };
const PHONE: Device = { name: 'a phone', width: 390, height: 844, isPhone: true };
export const DEVICES = [DESKTOP, PHONE];

/** The folder of the pictures that documents show: with `SCREENSHOTS_FOLDER=docs/screenshots` they are made anew. */
const SCREENSHOTS = process.env['SCREENSHOTS_FOLDER'];

/** Chromium's own line about an answer that isn't 2xx or a connection that ended, which are parts of the story. */
const NETWORK = /^Failed to load resource/;

/** The chat page in a browser, as a person uses it. */
export class WebApp {
  private constructor(
    readonly page: Page,
    readonly device: Device,
    /** What the console said that it should not have said, refusals of the Content-Security-Policy among it. */
    readonly complaints: string[],
  ) {}

  /** A browser of its own, which has never seen the page. */
  static async newContext(browser: Browser, { width, height, isPhone }: Device): Promise<BrowserContext> {
    return browser.newContext({
      viewport: { width, height },
      hasTouch: isPhone,
      isMobile: isPhone,
      colorScheme: 'light',
      reducedMotion: 'reduce',
      locale: 'en-GB',
    });
  }

  /** Opens the page in a new tab. */
  static async open(context: BrowserContext, url: string, device: Device): Promise<WebApp> {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const app = new WebApp(page, device, []);
    page.on('console', (line) => {
      if (line.type() === 'error' && !NETWORK.test(line.text())) app.complaints.push(line.text());
    });
    page.on('pageerror', (error) => app.complaints.push(error.message));
    await page.goto(`${url}/`);
    return app;
  }

  /** Opens the page in a new tab, where someone new logs in. @returns also this person beside the page */
  static async openLoggedIn(
    context: BrowserContext,
    http: HttpClient,
    device: Device,
  ): Promise<{ app: WebApp; person: Person }> {
    const app = await WebApp.open(context, http.base, device);
    const phone = newPhone();
    await app.logIn(phone, 'Ada Lovelace');
    return { app, person: await logIn(http, phone) };
  }

  /** Logs in with the code that the page fills in. */
  async logIn(phone: string, name: string): Promise<void> {
    await this.page.getByLabel('Phone number').fill(phone);
    await this.page.getByLabel('Name').fill(name);
    await this.button('Send me a code').click();
    await this.page.getByLabel('Code for').waitFor();
    await this.button('Log in').click();
    await this.page.getByRole('navigation', { name: 'Chats' }).waitFor();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The replies that are shown, the oldest first. */
  get replies(): Locator {
    return this.page.getByRole('article', { name: 'Reply' });
  }

  get lastReply(): Locator {
    return this.replies.last();
  }

  /** On a phone the rooms are a view of their own. */
  async showRooms(): Promise<void> {
    const back = this.page.getByRole('link', { name: 'Back to the chats' });
    if (await back.isVisible()) await back.click();
  }

  /** Writes a message and sends it by the keyboard. */
  async send(text: string): Promise<void> {
    const field = this.page.getByLabel('Message', { exact: true });
    await field.fill(text);
    await field.press('Enter');
  }

  /** Waits until the newest reply has some text, and is still being written. */
  async untilWriting(): Promise<void> {
    await this.page.locator('article[aria-busy=true] .markdown', { hasText: /\w/ }).waitFor();
  }

  /** Waits until the newest of so many replies stands so. */
  async untilReply(count: number, status: string): Promise<void> {
    await this.replies
      .nth(count - 1)
      .getByText(status, { exact: true })
      .waitFor();
  }

  /** Chooses from the menu of the room that is shown. */
  async choose(action: string): Promise<void> {
    await this.page
      .locator('.header')
      .getByRole('button', { name: /^Actions for/ })
      .click();
    await this.page.getByRole('menuitem', { name: action, exact: true }).click();
  }

  /** What the page says of the day's messages. */
  get quota(): Locator {
    return this.page.locator('.corner .quota-text');
  }

  /** The milliseconds from asking for the page to its first content, the best of three: the machine may be busy. */
  async firstContentfulPaint(): Promise<number> {
    const times: number[] = [];
    for (let load = 0; load < 3; load++) {
      await this.page.reload();
      times.push(await this.page.evaluate(FIRST_PAINT));
    }
    return Math.min(...times);
  }

  /** What axe finds that is serious or critical, in light and in dark. */
  async accessibilityFaults(): Promise<string[]> {
    const light = await this.faults();
    await this.page.emulateMedia({ colorScheme: 'dark' });
    const dark = await this.faults(['color-contrast']);
    await this.page.emulateMedia({ colorScheme: 'light' });
    return [...light, ...dark];
  }

  /** Takes a picture for the documents, if they are to be made. */
  async picture(name: string, clip?: { x: number; y: number; width: number; height: number }): Promise<void> {
    if (SCREENSHOTS === undefined || SCREENSHOTS === '') return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    // What was done just before would hide a part of the page.
    await this.page.evaluate(`document.querySelectorAll('.notice button').forEach((button) => button.click())`);
    await this.page.locator('.notice').first().waitFor({ state: 'detached' });
    await this.page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, scale: 'css', ...(clip && { clip }) });
  }

  /** @param rules those that are asked; all unless given */
  private async faults(rules?: string[]): Promise<string[]> {
    // By the debugger, for the page lets in no other script than its own.
    if (!(await this.page.evaluate("'axe' in window"))) await this.page.evaluate(axe.source);
    const options = rules === undefined ? {} : { runOnly: { type: 'rule', values: rules } };
    const { violations } = await this.page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
  }
}

const FIRST_PAINT = `new Promise((resolve) => {
  new PerformanceObserver((entries) => {
    const [paint] = entries.getEntriesByName('first-contentful-paint');
    if (paint) resolve(paint.startTime);
  }).observe({ type: 'paint', buffered: true });
})`;
