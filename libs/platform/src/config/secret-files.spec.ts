import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsOptional, IsString, Matches } from 'class-validator';
import { readSecretFiles } from '../../../../prisma/secret-files.mjs';
import { DatabaseConfig } from '../database/database.config.js';
import { connectionString } from '../database/pool.js';
import { loadConfig } from './load-config.js';
import { ReadableFromFile } from './readable-from-file.decorator.js';
import { SecretVariable } from './secret-variable.decorator.js';

const SECRET = 'kX7-tq2LmN9-vR4wZ8-pB3sD6-yH1jC5';

class Secrets {
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  OWN_SECRET?: string;

  @IsOptional()
  @ReadableFromFile()
  @Matches(/^kept:/)
  SERVICE_URL?: string;

  @IsOptional()
  @IsString()
  NO_SECRET?: string;
}

let folder: string;
let count = 0;

beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'secret-files-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** @returns the path of a new file with this content */
function file(content: string): string {
  const path = join(folder, String(count++));
  writeFileSync(path, content);
  return path;
}

const load = (env: NodeJS.ProcessEnv) => loadConfig([Secrets], env)[0];

/** What a command's environment holds after its files are read. */
function command(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = { ...env };
  readSecretFiles(['OWN_SECRET'], own);
  return own;
}

describe.each([
  ['a process', load],
  ['a command', command],
])('The secret of %s', (_, read) => {
  it.each(['', '\n', '\r\n', '  \n\n'])('is what its file holds, without white space at the ends (%j)', (end) => {
    expect(read({ OWN_SECRET_FILE: file(`${SECRET}${end}`) }).OWN_SECRET).toBe(SECRET);
    expect(read({ OWN_SECRET: '', OWN_SECRET_FILE: file(SECRET) }).OWN_SECRET).toBe(SECRET);
  });

  it('stands in the variable where no file is named', () => {
    expect(read({ OWN_SECRET: SECRET, OWN_SECRET_FILE: '' }).OWN_SECRET).toBe(SECRET);
  });

  it('is refused where it is given in both ways, by name and not by value', () => {
    const other = `${SECRET}-other`;
    const both = () => read({ OWN_SECRET: SECRET, OWN_SECRET_FILE: file(other) });
    expect(both).toThrow(/OWN_SECRET and OWN_SECRET_FILE are both set/);
    expect(both).not.toThrow(SECRET);
    expect(both).not.toThrow(other);
  });

  it('is refused where its file is missing, a folder or empty', () => {
    expect(() => read({ OWN_SECRET_FILE: join(folder, 'missing') })).toThrow(/OWN_SECRET_FILE.*can't be read: ENOENT/);
    expect(() => read({ OWN_SECRET_FILE: folder })).toThrow(/OWN_SECRET_FILE.*can't be read: EISDIR/);
    expect(() => read({ OWN_SECRET_FILE: file(' \n') })).toThrow(/OWN_SECRET_FILE names an empty file/);
  });
});

describe('What a file holds', () => {
  it('is held to the rules of its variable', () => {
    expect(() => load({ OWN_SECRET_FILE: file('short') })).toThrow(/OWN_SECRET must be longer/);
    expect(() => load({ OWN_SECRET_FILE: file(`${'x'.repeat(40)}`) })).toThrow(/OWN_SECRET can be guessed/);
    const wrong = () => load({ SERVICE_URL_FILE: file('hunter2') });
    expect(wrong).toThrow(/SERVICE_URL must match/);
    expect(wrong).not.toThrow(/hunter2/);
    expect(load({ SERVICE_URL_FILE: file('kept://user:password@host\n') }).SERVICE_URL).toBe(
      'kept://user:password@host',
    );
  });

  it('is read for secrets alone', () => {
    expect(load({ NO_SECRET_FILE: file('content') }).NO_SECRET).toBeUndefined();
  });
});

describe("PostgreSQL's password", () => {
  const PASSWORD = 'p w&+%/=?#ü';
  const passwordOf = (DATABASE_URL: string) => {
    const [config] = loadConfig([DatabaseConfig], { DATABASE_URL, PGPASSWORD_FILE: file(PASSWORD) });
    return new URL(connectionString(config));
  };

  it('completes the URL, whatever it is made of', () => {
    const url = passwordOf('postgresql://app@db:5432/chat?sslmode=verify-full');
    expect(url.searchParams.get('password')).toBe(PASSWORD);
    expect([url.username, url.host, url.pathname, url.searchParams.get('sslmode')]).toEqual([
      'app',
      'db:5432',
      '/chat',
      'verify-full',
    ]);
    expect(passwordOf('postgresql:///chat?host=/run/postgresql').searchParams.get('password')).toBe(PASSWORD);
  });

  it('leaves a URL alone that has one', () => {
    expect(passwordOf('postgresql://app:own@db/chat').href).toBe('postgresql://app:own@db/chat');
  });
});
