import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, pino, stdTimeFunctions } from 'pino';
import { RequestContext } from '../request/request-context.js';
import type { LoggingConfig } from './logging.config.js';
import { redactedPaths, scrub } from './redaction.js';

/**
 * Where Nest tells each step of its start, and a failed one with its stack: for debugging alone. Whoever starts a process
 * says what went wrong.
 */
const FRAMEWORK_CONTEXTS = new Set([
  'ExceptionHandler',
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** What a process adds to its lines, and wants to know of them. */
export interface LogOptions {
  /** On every line: which build and instance writes. */
  base?: object;
  /** Of the moment: where in a trace the line belongs; null: nowhere. */
  trace?: () => object | null;
  /** Told of every line of level `error` and `fatal`, without private data. */
  onFault?: (fault: DescribedError) => void;
}

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Nest's logger as JSON lines: time, level, process, context, requestId, msg, and whatever fields a caller adds
 * by passing an object. Private fields and texts are taken out on the way.
 */
export class JsonLogger implements LoggerService {
  private readonly pino: Pino;

  /** @param processName which process writes, e.g. `api` */
  constructor(
    processName: string,
    config: LoggingConfig,
    destination: DestinationStream = pino.destination({ sync: true }),
    private readonly options: LogOptions = {},
  ) {
    this.pino = pino(
      {
        level: config.LOG_LEVEL,
        base: { process: processName, ...options.base },
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        redact: { paths: redactedPaths, censor: '[redacted]' },
        mixin: () => ({ requestId: RequestContext.requestId, ...options.trace?.() }),
      },
      destination,
    );
  }

  log(message: unknown, ...parameters: unknown[]): void {
    this.write('info', message, parameters);
  }

  error(message: unknown, ...parameters: unknown[]): void {
    this.write('error', message, parameters);
  }

  warn(message: unknown, ...parameters: unknown[]): void {
    this.write('warn', message, parameters);
  }

  debug(message: unknown, ...parameters: unknown[]): void {
    this.write('debug', message, parameters);
  }

  verbose(message: unknown, ...parameters: unknown[]): void {
    this.write('trace', message, parameters);
  }

  fatal(message: unknown, ...parameters: unknown[]): void {
    this.write('fatal', message, parameters);
  }

  /** Nest passes the context as the last text; before it may come an error, its stack, or fields. */
  private write(level: Level, message: unknown, parameters: unknown[]): void {
    if (FRAMEWORK_CONTEXTS.has(String(parameters.at(-1)))) level = 'debug';
    if (!this.pino.isLevelEnabled(level)) return;
    const rest = parameters.filter((parameter) => parameter !== undefined);
    const context = typeof rest.at(-1) === 'string' ? rest.pop() : undefined;
    const fields: Record<string, unknown> = { context };
    let text: string | undefined;
    for (const part of [message, ...rest]) {
      if (part instanceof Error) fields['error'] = describe(part);
      else if (typeof part === 'object' && part !== null) Object.assign(fields, part);
      else if (text === undefined) text = String(part);
      else fields['stack'] = scrub(String(part));
    }
    const said = text === undefined ? undefined : scrub(text);
    this.pino[level](fields, said);
    if (level === 'error' || level === 'fatal') this.options.onFault?.(faultOf(fields, said));
  }
}

/** What went wrong: the error of a line, or, where it has none, its text under the name of what wrote it. */
function faultOf({ error, context }: Record<string, unknown>, said = ''): DescribedError {
  return (
    (error as DescribedError | undefined) ?? { type: typeof context === 'string' ? context : 'Error', message: said }
  );
}

/** An error without what drivers attach to it, and without private data. */
export interface DescribedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: DescribedError;
}

/** Only what helps to find a fault: drivers attach rows and parameters to their errors. */
function describe(error: Error, depth = 0): DescribedError {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: scrub(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    stack: scrub(error.stack ?? ''),
    ...(error.cause instanceof Error && depth < 3 ? { cause: describe(error.cause, depth + 1) } : {}),
  };
}
