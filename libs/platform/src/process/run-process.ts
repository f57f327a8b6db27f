import { Logger } from '@nestjs/common';
import { ConfigError } from '../config/load-config.js';
import { nameProcess } from './process-name.js';

/** Signals closer together than this, in milliseconds, are one request: a terminal and npm both deliver Ctrl-C. */
const DUPLICATE_SIGNAL_MS = 250;

/** A process that has started. */
export interface RunningProcess {
  /** Stops taking work, finishes what is in flight and closes every connection. */
  stop: () => Promise<void>;
  /** Milliseconds that stopping may take. */
  stopTimeout: number;
}

/**
 * Runs a process from its first line to its last: a failed start is one clear message and exit code 1; SIGTERM and SIGINT
 * stop it gracefully with exit code 0; an unhandled error does so with 1; a deadline or a second signal ends it at once.
 */
export async function runProcess(name: string, start: () => Promise<RunningProcess>): Promise<void> {
  nameProcess(name.toLowerCase());
  try {
    new ShutdownController(await start()).install();
  } catch (error) {
    process.stderr.write(`${name} cannot start. ${explain(error)}\n`);
    process.exit(1);
  }
}

class ShutdownController {
  private readonly logger = new Logger('Process');
  private begunAt: number | undefined;

  constructor(private readonly running: RunningProcess) {}

  install(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.onSignal(signal));
    process.on('uncaughtException', (error) => this.onFault('Uncaught exception', error));
    process.on('unhandledRejection', (reason) => this.onFault('Unhandled rejection', reason));
  }

  private onSignal(signal: string): void {
    if (this.begunAt === undefined) {
      this.logger.log(`${signal}: finishing what is in flight`);
      void this.end(0);
    } else if (Date.now() - this.begunAt > DUPLICATE_SIGNAL_MS) {
      this.logger.warn(`${signal} again: exiting at once`);
      process.exit(1);
    }
  }

  private onFault(what: string, fault: unknown): void {
    this.logger.fatal(what, fault);
    process.exitCode = 1;
    if (this.begunAt === undefined) void this.end(1);
  }

  private async end(code: number): Promise<void> {
    this.begunAt = Date.now();
    setTimeout(() => {
      this.logger.error(`Work was still in flight after ${this.running.stopTimeout} ms: exiting without it`);
      process.exit(1);
    }, this.running.stopTimeout).unref();
    try {
      await this.running.stop();
      this.logger.log('Stopped');
    } catch (error) {
      this.logger.error('Stopping failed', error);
      process.exit(1);
    }
    process.exit(Math.max(code, Number(process.exitCode ?? 0)));
  }
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} of ${address} is taken.`;
  return message ?? String(error);
}
