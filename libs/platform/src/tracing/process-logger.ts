import { type DescribedError, JsonLogger } from '../logging/json.logger.js';
import type { LoggingConfig } from '../logging/logging.config.js';
import { buildInfo } from '../process/build-info.js';
import { currentTraceIds, reportFault } from './span.js';

const CONSOLE_LEVELS = { debug: 'debug', info: 'log', log: 'log', warn: 'warn', error: 'error' } as const;

/**
 * The log of a process: each line names version and instance, and its place in a trace; what is written as `error` or `fatal` is
 * reported with the traces. What packages write to the console, and Node's warnings, become lines like all others.
 *
 * @param processName which process writes, e.g. `api`
 */
export function processLogger(processName: string, config: LoggingConfig): JsonLogger {
  const { version, instance } = buildInfo();
  const logger = new JsonLogger(processName, config, undefined, {
    base: { version, instance },
    trace: currentTraceIds,
    onFault: report,
  });
  takeConsole(logger);
  takeWarnings(logger);
  return logger;
}

const report = ({ type, message, stack }: DescribedError): void => reportFault({ type, message, stack });

function takeConsole(logger: JsonLogger): void {
  for (const [method, level] of Object.entries(CONSOLE_LEVELS) as [keyof typeof CONSOLE_LEVELS, 'log'][]) {
    // eslint-disable-next-line no-console -- It is what packages call.
    console[method] = (...said: unknown[]) => logger[level](said.map(asText).join(' '), 'Console');
  }
}

const asText = (said: unknown): string => (said instanceof Error ? (said.stack ?? said.message) : String(said));

/** Node's own listener, which is replaced, writes plain text. */
function takeWarnings(logger: JsonLogger): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message, ...rest }) => {
    const { code } = rest as { code?: string };
    logger.warn({ code }, `${name}: ${message}`, 'Node');
  });
}
