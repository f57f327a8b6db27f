import { eventually } from '../support/eventually.js';
import { type S3Server, startS3Server } from '../support/files/s3-server.js';
import type { HttpClient } from '../support/http/http-client.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import { pdf, upload } from '../support/http/uploads.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

/** Of one user at once. */
const MAX_DOWNLOADS = 32;

let s3: S3Server;
let network: TcpProxy;
let stack: Stack;
let http: HttpClient;
let path: string;

beforeAll(async () => {
  s3 = await startS3Server();
  network = await TcpProxy.to('127.0.0.1', Number(new URL(s3.env.S3_ENDPOINT).port));
  const env = { ...s3.env, S3_ENDPOINT: `http://127.0.0.1:${network.port}` };
  stack = await startStack({ workers: 0, env });
  ({ http } = await signUpAndLogIn(stack.http));
  path = `/file/${(await upload(http, pdf(20_000))).body.id}/content`;
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await network?.close();
  await s3?.stop();
});

const ask = (signal: AbortSignal | null = null) =>
  fetch(`${http.base}${path}`, { headers: http.authorization, signal });

it('downloads that wait for S3 hold up nothing else, and are bounded; who hangs up frees the places at once, which is no fault', async () => {
  network.set('half-open');
  const hangUp = new AbortController();
  const outcomes = Array.from({ length: MAX_DOWNLOADS }, () =>
    ask(hangUp.signal).then(
      ({ status }) => status,
      () => 'hung up',
    ),
  );
  expect((await http.get('/chatroom')).status).toBe(200);
  // Those of before may not be there yet: then this one has a place, and is given up.
  const isFull = async () => (await ask(AbortSignal.timeout(2_000)).catch(() => null))?.status === 429;
  await eventually(isFull, { withinMs: 25_000 });
  hangUp.abort();
  expect(await Promise.all(outcomes)).toEqual(Array.from({ length: MAX_DOWNLOADS }, () => 'hung up'));
  // S3 has ten seconds for each of three attempts.
  await eventually(async () => !(await isFull()));
  network.mend();
  await eventually(async () => (await ask()).status === 200);
  const faults = stack.api().log.filter((line) => /"level":"(warn|error|fatal)"/.test(line));
  expect(faults).toEqual([]);
});
