/** Runs the parts of the benchmark, and writes what came of it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchEnv, root } from './env/bench-env.mjs';
import { createPeople } from './env/people.mjs';
import { htmlReport } from './report/html.mjs';
import { machineFacts } from './report/result.mjs';
import { comparison, HEADER } from './report/table.mjs';
import { Context } from './scenarios/context.mjs';
import { PARTS } from './scenarios/parts.mjs';

/** @import {Result} from './report/result.mjs' */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true },
    growth: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    smoke: { type: 'boolean', default: false },
    name: { type: 'string', default: 'latest' },
    folder: { type: 'string', default: join(root, 'bench/results') },
    add: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
  },
});

const note = (/** @type {string} */ line) => console.log(`\n· ${line}`);

/** @returns {string[]} the names of the parts to run @throws {Error} naming the parts that there are */
function chosenParts() {
  const known = Object.keys(PARTS);
  const chosen = values.only?.flatMap((names) => names.split(','));
  const unknown = chosen?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no part "${unknown.join()}". There are: ${known.join(', ')}.`);
  if (values.growth) return [...new Set([...(chosen ?? []), 'growth'])];
  return chosen ?? known.filter((name) => values.smoke || PARTS[name]?.byDefault === true);
}

/** @param {string} path @returns {Promise<Result>} */
const readResult = async (path) => JSON.parse(await readFile(path, 'utf8'));

async function compare() {
  const [before, after] = positionals;
  if (before === undefined || after === undefined) throw new Error('Give two files: --compare BEFORE.json AFTER.json');
  for (const line of comparison(await readResult(before), await readResult(after))) console.log(line);
}

async function measure() {
  const parts = chosenParts();
  const { smoke } = values;
  const options = {
    seconds: smoke ? 0.3 : Number(values.seconds),
    rounds: smoke ? 1 : Number(values.rounds),
    smoke,
  };
  const bench = await BenchEnv.start(note);
  try {
    const machine = await machineFacts(bench);
    note(`Creating users and rooms (load of the machine: ${String(machine['loadAtStart'])})`);
    const people = await createPeople(bench, smoke ? 3 : 40, smoke ? 4 : 11);
    const context = new Context(bench, people, options, note);
    console.log(`\n${HEADER}`);
    for (const [n, name] of parts.entries()) {
      context.part = name;
      await PARTS[name]?.run(context);
      // After each part, so that an interruption costs one part only.
      const measuredParts = parts.slice(0, n + 1);
      await write({ machine, options: { ...options, parts: measuredParts }, rows: [...context.rows] }, measuredParts);
    }
    note(`Written: ${join(values.folder, values.name)}.json and .html`);
  } finally {
    await bench.stop();
  }
}

/** @param {Result} result @param {string[]} parts that were measured */
async function write(result, parts) {
  await mkdir(values.folder, { recursive: true });
  const path = join(values.folder, values.name);
  if (values.add) {
    const earlier = await readResult(`${path}.json`).catch(() => null);
    result.rows.unshift(...(earlier?.rows.filter(({ part }) => !parts.includes(part)) ?? []));
  }
  await writeFile(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
  await writeFile(`${path}.html`, htmlReport(result));
}

await (values.compare ? compare() : measure());
