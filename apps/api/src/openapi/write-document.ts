import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from '../api.module.js';
import { createDocument } from './document.js';

// Run by `npm run openapi`, in the repository's root: writes the committed copy of the API's description, or with
// `--check` compares it. In preview mode Nest reads the modules without building anything: it needs no configuration.
const FILE = 'openapi.json';

const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forPreview(), new FastifyAdapter(), {
  preview: true,
  logger: ['error'],
});
const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  await writeFile(FILE, text);
} else if ((await readFile(FILE, 'utf8')) !== text) {
  process.stderr.write(`${FILE} is out of date: run "npm run openapi" and commit it.\n`);
  process.exitCode = 1;
}
