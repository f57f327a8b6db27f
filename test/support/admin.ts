import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stack } from './stack.js';

const PROGRAM = fileURLToPath(new URL('../../dist/admin/main.js', import.meta.url));

/** How a run of the operators' command line has ended. */
export interface AdminRun {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built command line on a stack, without a terminal, in the environment of its first API. */
export async function admin(
  stack: Stack,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<AdminRun> {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    env: { PATH: process.env['PATH'], ...stack.api().environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr]: Buffer[][] = [[], []];
  child.stdout.on('data', (piece: Buffer) => stdout!.push(piece));
  child.stderr.on('data', (piece: Buffer) => stderr!.push(piece));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout: Buffer.concat(stdout!).toString(), stderr: Buffer.concat(stderr!).toString() };
}

/** What a command that has to succeed answers to programs, as the operator `ada`. */
export async function adminData<Data = Record<string, unknown>>(stack: Stack, command: string): Promise<Data> {
  const run = await admin(stack, [...command.split(' '), '--json'], { ADMIN_OPERATOR: 'ada' });
  if (run.exitCode !== 0) throw new Error(`"${command}" ended with ${run.exitCode}: ${run.stderr}`);
  return JSON.parse(run.stdout) as Data;
}
