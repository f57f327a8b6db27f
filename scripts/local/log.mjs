/** What the parts of a local run say: the services into files, the product onto the terminal, too. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { prettyFactory } from 'pino-pretty';

const COLOURS = { api: 36, worker: 35, sandbox: 33 };

/** The product's logs are JSON lines, which people read badly. */
const pretty = prettyFactory({
  colorize: process.stdout.isTTY,
  ignore: 'pid,hostname,process,context,method,route,status,durationMs',
  translateTime: 'SYS:HH:MM:ss',
  messageFormat: ({ method, route, status, durationMs, ...line }, message) =>
    method === undefined ? String(line[message] ?? '') : `${method} ${route} → ${status} in ${durationMs} ms`,
  singleLine: true,
});

export class LocalLog {
  #folder;
  #shown = false;

  /** @param {string} folder gets a file for each part */
  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** From now on the product's lines are printed, too. */
  show() {
    this.#shown = true;
  }

  hide() {
    this.#shown = false;
  }

  /** @param {string} part @returns {(line: string) => void} writes lines to the part's file, which begins anew */
  fileOf(part) {
    const file = createWriteStream(`${this.#folder}${part}.log`);
    return (line) => void file.write(`${line}\n`);
  }

  /** @param {keyof typeof COLOURS} app @returns {(line: string) => void} writes lines to its file and prints them */
  printerOf(app) {
    const toFile = this.fileOf(app);
    const name = app.padEnd(7);
    const prefix = process.stdout.isTTY ? `\u001B[${COLOURS[app]}m${name}\u001B[39m` : name;
    return (line) => {
      toFile(line);
      if (this.#shown) process.stdout.write(`${prefix} ${line.startsWith('{') ? pretty(line) : `${line}\n`}`);
    };
  }
}
