/** What operations cost in databases of growing size, while a backlog waits. */
import { closedLoop, openLoop } from '../measure/load.mjs';
import { pick } from '../measure/numbers.mjs';
import { measured, perOperation } from '../measure/usage.mjs';
import { addBacklog, grow, releaseBacklog, removeBacklog } from './growth-rows.mjs';
import { addUsage, nextSend } from './requests.mjs';

/** @import {Context} from './context.mjs' */

const SENDS_PER_SECOND = 50;

/** @param {Context} context */
export async function benchGrowth(context) {
  const smallest = context.size(20_000, 1_000);
  const backlog = context.size(3_000, 20);
  let messages = 0;
  for (const times of context.options.smoke ? [1] : [1, 10, 100]) {
    const count = smallest * times;
    context.note(`Growing to ${count.toLocaleString('en-US')} messages, of which ${backlog} wait`);
    await grow(context.bench.database, messages, count);
    messages = count;
    await addBacklog(context.bench.database, backlog);
    await benchSize(context, times, count, backlog);
    await removeBacklog(context.bench.database);
  }
}

/** @param {Context} context @param {number} times @param {number} count @param {number} backlog */
async function benchSize(context, times, count, backlog) {
  const { bench, people, options } = context;
  const side = bench.sides.product;
  const name = `×${times} (${count.toLocaleString('en-US')} messages)`;
  const send = { url: side.url, seconds: 4 * options.seconds, perSecond: SENDS_PER_SECOND };
  context.note(`${name}: messages with answers, ${SENDS_PER_SECOND} a second`);
  const sent = await measured(bench, side, async () => {
    const { length } = await openLoop(send, () => nextSend(people, side));
    await bench.drained(side, backlog);
    return length;
  });
  const ofOne = perOperation(sent.usage, sent.result);
  addUsage(context, `growth.${times}.send`, `${name}: message with answer`, { product: [ofOne] }, { postgres: 1.1 });
  for (const operation of /** @type {const} */ (['list', 'read'])) {
    const load = { url: side.url, seconds: options.seconds, connections: 16 };
    const { usage, result } = await measured(bench, side, () => closedLoop(load, () => side[operation](pick(people))));
    context.add({
      ...{
        id: `growth.${times}.${operation}`,
        title: `${name}: ${operation}, processor time`,
        unit: 'ms',
        better: 'less',
      },
      figures: { product: perOperation(usage, result.sent).total },
    });
  }
  context.note(`${name}: the backlog is answered`);
  const { usage } = await measured(bench, side, async () => {
    await releaseBacklog(bench.database);
    await bench.drained(side);
  });
  const { postgres, total } = perOperation(usage, backlog);
  const row = /** @type {const} */ ({ unit: 'ms', better: 'less' });
  context.add({
    ...row,
    id: `growth.${times}.backlog`,
    title: `${name}: a reply of the backlog`,
    figures: { product: total },
  });
  context.add({
    ...{ ...row, id: `growth.${times}.backlog.postgres`, title: `${name}: of it PostgreSQL` },
    figures: { product: postgres },
  });
}
