import type { Browser, Page, Request } from 'playwright-core';
import { findBrowser, launchBrowser } from '../support/http/browser.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Accepted, openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

const browserPath = findBrowser();
const inABrowser = browserPath === null ? describe.skip : describe;
if (browserPath === null) {
  console.warn('No browser: Swagger UI is not tried. Install chromium, or name one in BROWSER_PATH.');
}

inABrowser('Swagger UI', () => {
  let stack: Stack;
  let browser: Browser;
  let page: Page;
  let person: Person;

  beforeAll(async () => {
    browser = await launchBrowser(browserPath ?? '');
    stack = await startStack({ workers: 0 });
    person = await signUpAndLogIn(stack.http);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    await page.goto(`${stack.url}/docs`);
  });
  afterEach(() => page.close());

  async function authorize(token: string): Promise<void> {
    await page.locator('.auth-wrapper .btn.authorize').click();
    await page.locator('.modal-ux input').fill(token);
    await page.locator('.modal-ux .auth-btn-wrapper button[type=submit]').click();
    await page.locator('.modal-ux .btn-done').click();
  }

  /** Opens an operation, presses Execute, and tells what was sent and what came back. */
  async function execute(tag: string, operation: string, parameters: Record<string, string> = {}) {
    const block = page.locator(`#operations-${tag}-${operation}`);
    await block.locator('.opblock-summary-control').click();
    for (const [name, value] of Object.entries(parameters)) {
      await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
    }
    const sent = page.waitForRequest((request) => request.resourceType() === 'fetch');
    await block.locator('button.execute').click();
    const request: Request = await sent;
    const shown = block.locator('.live-responses-table .response-col_status').last();
    return { request, response: (await request.response())!, shown: (await shown.innerText()).trim() };
  }

  it('keeps who is authorized through a reload', async () => {
    await authorize(person.tokens.accessToken);
    await page.reload();
    const { response, shown } = await execute('Account', 'getAccount');
    expect([response.status(), shown]).toEqual([200, '200']);
    expect(await response.json()).toMatchObject({ id: person.id });
  });

  it('sends a message by pressing Execute, with what stands there, and gets what its guide says', async () => {
    await authorize(person.tokens.accessToken);
    await page.reload();
    const { request, response, shown } = await execute('Messages', 'sendMessage', { id: await openRoom(person.http) });
    expect(request.postDataJSON()).toEqual({ content: expect.any(String) });
    expect([response.status(), shown]).toEqual([202, '202']);
    const { message, reply } = (await response.json()) as Accepted;
    expect([message.role, message.content.length > 0, reply.status]).toEqual(['user', true, 'queued']);
  });

  it('loads without an error in its console', async () => {
    const errors: string[] = [];
    page.on('console', (line) => void (line.type() === 'error' && errors.push(line.text())));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.reload();
    await page.locator('#operations-Messages-sendMessage').waitFor();
    expect(errors).toEqual([]);
  });
});
