/** A Prometheus and its promtool, from Debian. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { debianProgram, provideDebianPackage } from './debian-packages.mjs';

/** @import {ManagedProcess, Processes} from './processes.mjs' */

const READY_MS = 20_000;
const PROMTOOL_MS = 30_000;

/**
 * What command lines of both programs have to begin with.
 *
 * @typedef {{prometheus: string[], promtool: string[]}} PrometheusPrograms
 */

/**
 * @returns {Promise<PrometheusPrograms>}
 * @throws {Error} saying why there are none
 */
export async function providePrometheus() {
  const folder = await provideDebianPackage('prometheus', 'bookworm');
  const [prometheus, promtool] = await Promise.all(
    ['prometheus', 'promtool'].map((name) => debianProgram(folder, `usr/bin/${name}`)),
  );
  return { prometheus: prometheus ?? [], promtool: promtool ?? [] };
}

/**
 * Runs promtool.
 *
 * @param {PrometheusPrograms} programs
 * @param {string[]} args
 * @param {string} [input] for its standard input
 * @returns {Promise<{ok: boolean, output: string}>} whether it was content, and what it said
 */
export async function runPromtool({ promtool: [command = '', ...first] }, args, input) {
  const { failed, all = '' } = await execa(command, [...first, ...args], {
    all: true,
    reject: false,
    timeout: PROMTOOL_MS,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  return { ok: !failed, output: all };
}

/**
 * @typedef {object} PrometheusOptions
 * @property {PrometheusPrograms} programs
 * @property {string} folder for its settings and data
 * @property {number} port on 127.0.0.1
 * @property {string} settings its configuration, in YAML
 * @property {Record<string, string>} files others beside it, such as rules
 */

/**
 * Starts Prometheus and waits until it is ready.
 *
 * @param {Processes} processes
 * @param {PrometheusOptions} options
 * @returns {Promise<{process: ManagedProcess, url: string}>}
 */
export async function startPrometheus(processes, { programs, folder, port, settings, files }) {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'prometheus.yml');
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(file, settings);
  const [command = '', ...args] = programs.prometheus;
  const url = `http://127.0.0.1:${port}`;
  const own = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = processes.start({ name: 'Prometheus', command, args: [...args, ...own] });
  await untilReady(child, `${url}/-/ready`);
  return { process: child, url };
}

/** @param {ManagedProcess} child @param {string} url */
async function untilReady(child, url) {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    if (child.exit !== null || Date.now() > deadline)
      throw new Error(`Prometheus doesn't get ready.\n${child.lines.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
