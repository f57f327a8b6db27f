import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import pg from 'pg';
import { signUpAndLogIn } from '../support/login.js';
import { startStack } from '../support/stack.js';
it('x', async () => {
  const stack = await startStack({ sandbox: false, workers: 0, env: { NODE_OPTIONS: '--max-old-space-size=256 --cpu-prof --cpu-prof-dir=/tmp/search-bench/prof' } });
  const p = await signUpAndLogIn(stack.http);
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  let t = performance.now();
  await client.query(`INSERT INTO chatroom (id, user_id, title, system_instruction)
       SELECT gen_random_uuid(), $1, 'Room ' || n, repeat('é' || n, 8000 / length('é' || n)) FROM generate_series(1, 5000) n`, [p.id]);
  console.log('insert', performance.now() - t);
  t = performance.now();
  await client.query(`WITH own AS MATERIALIZED (SELECT id FROM chatroom WHERE user_id = $1) SELECT id FROM own ORDER BY id LIMIT 5000`, [p.id]);
  console.log('ids', performance.now() - t);
  for (let i = 0; i < 2; i++) {
    t = performance.now();
    const c0 = process.cpuUsage();
    const call = request(`${p.http.base}/user/me/export`, { headers: p.http.authorization }).end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    let n = 0, k = 0;
    for await (const x of response) { n += (x as Buffer).length; k++; }
    const c = process.cpuUsage(c0);
    console.log('export', response.statusCode, performance.now() - t, n, k, c, (await client.query('select sum(total_exec_time) from pg_stat_statements').catch(() => 0)));
  }
  await client.end();
  await stack.api().kill('SIGTERM');
  await stack.stop();
}, 200_000);
