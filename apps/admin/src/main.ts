import 'reflect-metadata';
import { ConfigError, JsonLogger, loadConfig, LoggingConfig, RequestContext, uuidv7 } from '@app/platform';
import { NestFactory } from '@nestjs/core';
import { AdminConfig, OPERATOR_NAME } from './admin.config.js';
import { AdminModule } from './admin.module.js';
import { type Command, CommandError, EXIT, type GivenOptions, textOf } from './command-line/command.js';
import { confirm } from './command-line/confirm.js';
import { commandHelp, generalHelp } from './command-line/help.js';
import { parseCommandLine } from './command-line/parse.js';
import { print } from './command-line/report.js';
import { COMMANDS } from './commands/commands.js';

/** The least severe level of its log, on stderr: what it does is said on stdout, and stored in the audit trail. */
const LOG_LEVEL = 'error';

/** @throws CommandError unless it is a name that may stand in the audit trail, or nothing is changed */
function operatorOf({ changes, changesWith }: Command, options: GivenOptions): string {
  const onlyShows = changesWith?.every((option) => options[option] === undefined) ?? changes === 'nothing';
  if (onlyShows) return '';
  const [{ ADMIN_OPERATOR }] = loadConfig([AdminConfig]);
  const name = textOf(options, 'as') ?? ADMIN_OPERATOR;
  if (name === undefined)
    throw new CommandError('usage', 'Say who you are, for the audit trail: --as NAME, or ADMIN_OPERATOR.');
  if (!OPERATOR_NAME.test(name))
    throw new CommandError('usage', 'An operator’s name has letters, digits and . @ + - _ only.');
  return name;
}

/** @returns what is to be printed */
async function run(words: string[]): Promise<string> {
  const line = parseCommandLine(words, COMMANDS);
  if (line.command === null) return generalHelp(COMMANDS);
  const { command, parameters, options } = line;
  if (line.asksForHelp) return commandHelp(command);
  const operator = operatorOf(command, options);
  await confirm(command, parameters, options['yes'] === true);
  const logger = new JsonLogger('admin', Object.assign(new LoggingConfig(), { LOG_LEVEL }), process.stderr);
  const app = await NestFactory.createApplicationContext(AdminModule.forRoot(), { logger, abortOnError: false });
  try {
    // The id leads from the rows of the audit trail to the lines of the processes that go on with the work.
    const work = RequestContext.run({ requestId: uuidv7() }, () => command.run({ app, parameters, options, operator }));
    return print(await work, options['json'] === true);
  } finally {
    await app.close();
  }
}

function explain(error: unknown): string {
  if (error instanceof CommandError || error instanceof ConfigError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return `It failed: ${message || (code ?? String(error))}`;
}

try {
  process.stdout.write(await run(process.argv.slice(2)));
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = error instanceof CommandError ? EXIT[error.exit] : EXIT.failed;
}
// What is under way to services that are away is not waited for.
process.exit();
