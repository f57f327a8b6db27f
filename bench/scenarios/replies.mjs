/** How soon and how fast replies are stored. */
import { Agent } from 'node:http';
import { answer } from '../measure/load.mjs';
import { pick, quantile } from '../measure/numbers.mjs';
import { figuresOf } from './requests.mjs';

/** @import {Context} from './context.mjs' */

const agent = new Agent({ keepAlive: true });

const SLOW_PROMPT = 'One second';
/** What WORKER_CONCURRENCY of the benchmark comes to with a model that takes one second. */
const IDEAL_PER_SECOND = 100;

/** @param {Context} context */
export async function benchReplies(context) {
  context.note('Accepted to stored: one message after another, a model that answers at once');
  await benchAcceptedToStored(context);
  context.note(`Replies a second: a model that takes one second, ${IDEAL_PER_SECOND} at once`);
  await benchRate(context);
}

/** @param {Context} context */
async function benchAcceptedToStored(context) {
  const { bench, people } = context;
  const times = await context.inTurns(async (side) => {
    const found = [];
    for (let i = 0; i < context.size(40, 3); i++) {
      const person = pick(people);
      const { reply } = JSON.parse(await answer(agent, side.url, side.send(person, pick(person.rooms.slice(1)), 'Hi')));
      const accepted = performance.now();
      while (!(await side.isStored(reply.id)));
      found.push(performance.now() - accepted);
    }
    await bench.drained(side);
    return found;
  });
  for (const [name, share] of /** @type {const} */ ([
    ['p50', 0.5],
    ['p90', 0.9],
  ])) {
    context.add({
      ...{ id: `stored.${name}`, title: `Accepted to stored, instant model: ${name}`, unit: 'ms', better: 'less' },
      figures: figuresOf(times, (of) => quantile(of, share)),
    });
  }
}

/** @param {Context} context */
async function benchRate(context) {
  const { bench, people } = context;
  await bench.answerTo(SLOW_PROMPT, { latencyMs: context.size(1_000, 100) });
  const all = people.flatMap((person) => person.rooms.slice(1).map((room) => ({ person, room })));
  // Enough of them that how they begin and end counts little.
  const count = context.size(800, 4);
  const targets = Array.from({ length: Math.ceil(count / all.length) }, () => all)
    .flat()
    .slice(0, count);
  const rates = await context.inTurns(
    async (side) => {
      const begun = performance.now();
      await Promise.all(
        targets.map(({ person, room }) => answer(agent, side.url, side.send(person, room, SLOW_PROMPT))),
      );
      await bench.drained(side);
      return targets.length / ((performance.now() - begun) / 1000);
    },
    Math.min(context.options.rounds, 2),
  );
  context.add({
    ...{ id: 'replies.rate', title: 'Replies, 1 s model, concurrency 100', unit: 'replies/s', better: 'more' },
    figures: figuresOf(rates, (rate) => rate),
    goal: { of: 'product', limit: 97 },
  });
}
