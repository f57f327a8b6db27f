import type { Browser, Locator, Page, Request } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { newPhone, type Person, signUpAndLogIn, type Tokens } from '../support/login.js';
import { type Accepted, type Message, openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

// A busy machine is slow to draw pages.
import.meta.jest.setTimeout(120_000);

const inABrowser = describeInBrowser('Swagger UI is not tried');

inABrowser('Swagger UI', () => {
  let stack: Stack;
  let browser: Browser;
  let page: Page;
  let person: Person;

  beforeAll(async () => {
    browser = await launchBrowser();
    stack = await startStack();
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

  /** Opens an operation. */
  async function open(tag: string, operation: string): Promise<Locator> {
    const block = page.locator(`#operations-${tag}-${operation}`);
    await block.locator('.opblock-summary-control').click();
    await block.locator('button.execute').waitFor();
    return block;
  }

  const field = (block: Locator, name: string) => block.locator(`tr[data-param-name="${name}"] input`);
  const bodyOf = (block: Locator) => block.locator('textarea.body-param__text');

  /** Presses Execute, and tells what was sent. */
  async function press(block: Locator): Promise<Request> {
    const sent = page.waitForRequest((request) => request.resourceType() === 'fetch');
    await block.locator('button.execute').click();
    return sent;
  }

  /** Opens an operation, presses Execute, and tells what was sent and what came back. */
  async function execute(tag: string, operation: string, parameters: Record<string, string> = {}) {
    const block = await open(tag, operation);
    for (const [name, value] of Object.entries(parameters)) await field(block, name).fill(value);
    const request = await press(block);
    const shown = block.locator('.live-responses-table .response-col_status').last();
    return { block, request, response: (await request.response())!, shown: (await shown.innerText()).trim() };
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
    expect(request.postDataJSON()).toEqual({ content: expect.any(String), files: [] });
    expect([response.status(), shown]).toEqual([202, '202']);
    const { message, reply } = (await response.json()) as Accepted;
    expect([message.role, message.content.length > 0, reply.status]).toEqual(['user', true, 'queued']);
  });

  it('logs in with the code of the answer, authorizes itself, through a reload and until the logout', async () => {
    const signUp = await open('Auth', 'signUp');
    await bodyOf(signUp).fill(JSON.stringify({ phone: newPhone() }));
    await press(signUp);
    await signUp.locator('.live-responses-table').waitFor();
    expect((await execute('Auth', 'sendOtp')).response.status()).toBe(202);
    const { response, shown } = await execute('Auth', 'verifyOtp');
    expect([response.status(), shown]).toEqual([200, '200']);
    const tokens = (await response.json()) as Tokens;
    expect((await execute('Account', 'getAccount')).response.status()).toBe(200);

    const refreshed = await execute('Auth', 'refreshTokens');
    expect(refreshed.request.postDataJSON()).toEqual({ refreshToken: tokens.refreshToken });
    const { accessToken } = (await refreshed.response.json()) as Tokens;
    await page.reload();
    const { request } = await execute('Account', 'getAccount');
    expect(request.headers()['authorization']).toBe(`Bearer ${accessToken}`);
    expect((await execute('Auth', 'logOut')).response.status()).toBe(204);
    const after = await execute('Plans', 'listModels');
    expect([after.request.headers()['authorization'], after.response.status()]).toEqual([undefined, 401]);
  }, 90_000);

  it('shows a stream while it runs, stops reading it, goes on under the same key, and has the ids of all calls', async () => {
    await authorize(person.tokens.accessToken);
    expect((await execute('Chatrooms', 'createChatroom')).response.status()).toBe(201);
    const send = await open('Messages', 'sendMessageAndStream');
    await bodyOf(send).fill(JSON.stringify({ content: '[[behaviour:hang_mid_stream afterChunks=2]] Why?' }));
    const first = await press(send);
    const text = send.locator('.live-stream pre');
    await text.filter({ hasText: /\S/ }).waitFor();
    await send.getByRole('button', { name: 'Stop reading' }).click();
    await send.getByRole('heading', { name: 'The reply until here; Execute goes on with it' }).waitFor();
    const seen = await text.innerText();

    const second = await press(send);
    const key = first.headers()['idempotency-key'];
    expect([second.headers()['idempotency-key'], second.url()]).toEqual([key, first.url()]);
    expect(second.headers()['last-event-id']).toMatch(/\d/);
    await send.getByRole('button', { name: 'Stop reading' }).waitFor();

    const cancelled = await execute('Messages', 'cancelReply');
    const reply = (await cancelled.response.json()) as Message;
    expect([reply.status, reply.content.startsWith(seen)]).toEqual(['cancelled', true]);
    await send.getByRole('heading', { name: 'The reply', exact: true }).waitFor();
    expect(await field(send, 'Last-Event-ID').inputValue()).toBe('');
    expect(await field(send, 'Idempotency-Key').inputValue()).not.toBe(key);

    const { response } = await execute('Messages', 'listReplies');
    expect(await response.json()).toMatchObject({ items: [{ id: reply.id }] });
    const streamed = await execute('Messages', 'streamReply');
    await streamed.block.getByRole('heading', { name: 'The reply', exact: true }).waitFor();
    expect(await streamed.block.locator('.live-stream pre').innerText()).toBe(reply.content);
  }, 90_000);

  it('makes the address of a payment a link', async () => {
    await authorize(person.tokens.accessToken);
    const subscribe = await open('Subscription', 'subscribe');
    await field(subscribe, 'plan').fill('pro');
    await bodyOf(subscribe).fill('{}');
    await press(subscribe);
    const popup = page.waitForEvent('popup');
    await subscribe.getByRole('link', { name: `${stack.sandboxUrl}/stripe/checkout/` }).click();
    expect(await (await popup).locator('#pay').isEnabled()).toBe(true);
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
