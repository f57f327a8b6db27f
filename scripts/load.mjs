/**
 * `npm run load -- --seconds 10`: one caller attacks the running product at full speed, in one way after the other, while a
 * bystander goes on as usual. It prints how long the bystander waited, beside how long it waits on an idle product.
 */
import { parseArgs } from 'node:util';
import { runTestCommand } from './testing/command.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' }, only: { type: 'string' } } });

Object.assign(process.env, { LOAD_SECONDS: values.seconds });
const filter = values.only === undefined ? [] : ['--testNamePattern', values.only];
await runTestCommand(['test/load', ...filter, '--selectProjects', 'load']);
