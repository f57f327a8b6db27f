/** Child processes that never outlive their parent, whatever becomes of it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const WATCHDOG = fileURLToPath(new URL('watchdog.mjs', import.meta.url));
const KEPT_LINES = 200;

/**
 * @typedef {object} ProcessOptions
 * @property {string} name as people know it
 * @property {string} command
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} [env] the whole environment; the parent's unless given
 * @property {string} [cwd]
 * @property {NodeJS.Signals} [stopSignal] what asks it to end; SIGTERM unless given
 * @property {number} [graceMs] how long it may take to end when asked; then it is killed
 * @property {(line: string) => void} [onLine] gets every line that it writes
 * @property {(text: string) => void} [onOutput] gets all that it writes, as it comes
 */

/** @typedef {{code: number | null, signal: NodeJS.Signals | null}} Exit */

/** One running child. */
export class ManagedProcess {
  /** What it wrote last. @type {string[]} */
  lines = [];
  /** How it ended; null while it runs. @type {Exit | null} */
  exit = null;

  /** @param {ProcessOptions} options */
  constructor({ name, command, args, env, cwd, stopSignal = 'SIGTERM', graceMs = 15_000, onLine, onOutput }) {
    this.name = name;
    this.stopSignal = stopSignal;
    this.graceMs = graceMs;
    // In a group of its own, so that Ctrl-C reaches only the parent, which ends its children in their right order.
    const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.pid = child.pid ?? null;
    for (const stream of [child.stdout, child.stderr]) {
      if (onOutput !== undefined) stream.on('data', (chunk) => onOutput(String(chunk)));
      createInterface({ input: stream }).on('line', (line) => {
        if (this.lines.push(line) > KEPT_LINES) this.lines.shift();
        onLine?.(line);
      });
    }
    /** Settles when it has ended. @type {Promise<Exit>} */
    this.exited = new Promise((resolve) => {
      const end = (/** @type {Exit} */ exit) => resolve((this.exit ??= exit));
      child.once('error', (error) => {
        this.lines.push(error.message);
        end({ code: 127, signal: null });
      });
      child.once('close', (code, signal) => end({ code, signal }));
    });
  }

  /** Sends a signal; nothing happens if it has ended. @param {NodeJS.Signals} signal */
  kill(signal) {
    if (this.pid === null || this.exit !== null) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
    }
  }

  /** Asks it to end, and kills it if it doesn't in time. @returns {Promise<Exit>} */
  async stop() {
    this.kill(this.stopSignal);
    const overdue = new AbortController();
    const exit = await Promise.race([
      this.exited,
      pause(this.graceMs, null, { signal: overdue.signal }).catch(() => null),
    ]);
    overdue.abort();
    if (exit === null) this.kill('SIGKILL');
    return this.exited;
  }

  /** How it ended, and the last lines that it wrote. @returns {string} */
  describeExit() {
    const how = this.exit?.signal ? `was ended by ${this.exit.signal}` : `ended with code ${this.exit?.code ?? '?'}`;
    return [`${this.name} ${how}.`, ...this.lines.slice(-25).map((line) => `  ${line}`)].join('\n');
  }
}

/**
 * The children of one purpose. A watchdog process ends them if this process dies without a chance to do it itself.
 */
export class Processes {
  /** @type {ManagedProcess[]} */
  #running = [];
  #watchdog = spawn(process.execPath, [WATCHDOG], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });

  constructor() {
    // The pipe breaks if the watchdog is killed; the children go on all the same.
    this.#watchdog.stdin.on('error', () => undefined);
    this.#watchdog.unref();
    /** @type {import('node:net').Socket} */ (this.#watchdog.stdin).unref();
  }

  /** @param {ProcessOptions} options @returns {ManagedProcess} */
  start(options) {
    const child = new ManagedProcess(options);
    this.#running.push(child);
    this.#watchdog.stdin.write(`started ${child.pid} ${child.stopSignal}\n`);
    void child.exited.then(() => {
      this.#running = this.#running.filter((other) => other !== child);
      this.#watchdog.stdin.write(`ended ${child.pid}\n`);
    });
    return child;
  }

  /** Has a folder removed when all is over, even by the watchdog. @param {string} folder */
  removeAtEnd(folder) {
    this.#watchdog.stdin.write(`remove ${folder}\n`);
  }

  /** Ends all children, the youngest first, and comes back when nothing is left. */
  async stop() {
    for (const child of this.#running.toReversed()) await child.stop();
    const exited = new Promise((resolve) => this.#watchdog.once('exit', resolve));
    if (this.#watchdog.exitCode !== null || this.#watchdog.signalCode !== null) return;
    this.#watchdog.ref();
    this.#watchdog.stdin.end();
    await exited;
  }
}

/**
 * Waits until a child answers a GET with 2xx.
 *
 * @param {ManagedProcess} child
 * @param {string} url
 * @param {number} [waitMs]
 * @throws {Error} with the child's last lines, when it ends or time is up
 */
export async function untilHealthy(child, url, waitMs = 60_000) {
  const deadline = Date.now() + waitMs;
  for (;;) {
    if (child.exit !== null) throw new Error(child.describeExit());
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    if (Date.now() > deadline) {
      const state = response === null ? 'no answer' : `status ${response.status}`;
      throw new Error(
        `${child.name} isn't healthy after ${waitMs / 1000} s (${url}: ${state}).\n${child.lines.join('\n')}`,
      );
    }
    await pause(50);
  }
}
