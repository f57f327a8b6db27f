import 'reflect-metadata';
import { IsOptional } from 'class-validator';
import { loadConfig, SecretVariable } from '@app/platform';
import { readProject } from '../../scripts/checks/words.mjs';
import { root } from './planted-tree.js';

/** A property of a configuration class with its decorators: from the end of what stands before it to its name. */
const PROPERTY = /(?:^|\n\n|\{\n)((?:(?!\n\n)[^])*?)\n {2}([A-Z][A-Z0-9_]+)[?!]?(?::| =)/g;

class AnySecret {
  @IsOptional()
  @SecretVariable({ minLength: 1 })
  SECRET?: string;
}

const isRefused = (SECRET: string): boolean => {
  try {
    loadConfig([AnySecret], { SECRET, NODE_ENV: 'production' });
    return false;
  } catch {
    return true;
  }
};

describe('a variable', () => {
  let variables: { place: string; name: string; rules: string }[];

  beforeAll(async () => {
    const files = (await readProject(root)).filter(({ path }) =>
      /^(apps\/(api|worker)|libs)\/.*\.config\.ts$/.test(path),
    );
    variables = files.flatMap(({ path, text }) =>
      Array.from(text.matchAll(PROPERTY), ([, rules = '', name = '']) => ({ place: path, name, rules })),
    );
    if (variables.length < 60) throw new Error('Not all variables were found.');
  });

  it('that holds a secret is checked for those that are public', () => {
    const secrets = variables.filter(({ name }) => /SECRET(_|$)|PASSWORD|_TOKEN$|_KEY$/.test(name));
    expect(secrets.length).toBeGreaterThanOrEqual(9);
    expect(secrets.filter(({ rules }) => !rules.includes('@SecretVariable('))).toEqual([]);
  });

  it('that may hold a password may stand in a file', () => {
    const urls = variables.filter(({ name }) => /(DATABASE|REDIS)\w*_URL$/.test(name));
    expect(urls.length).toBeGreaterThanOrEqual(2);
    expect(urls.filter(({ rules }) => !/@(ReadableFromFile|SecretVariable)\(/.test(rules))).toEqual([]);
  });

  it('that names a service must name one with https: in production', () => {
    const endpoints = variables.filter(({ name }) => /_BASE_URL$|WEBHOOK_URL$/.test(name));
    expect(endpoints.length).toBeGreaterThanOrEqual(4);
    expect(endpoints.filter(({ rules }) => !rules.includes('@EndpointVariable('))).toEqual([]);
  });

  it('reads NODE_ENV in one place', async () => {
    const files = (await readProject(root)).filter(({ path }) => /^(apps\/(api|worker)|libs)\//.test(path));
    const withoutComments = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    const readers = files.filter(
      ({ path, text }) => withoutComments(text).includes('NODE_ENV') && !path.includes('spec.ts'),
    );
    expect(readers.map(({ path }) => path).sort()).toEqual([
      'libs/platform/src/config/environment.config.ts',
      'libs/platform/src/config/load-config.ts',
    ]);
  });
});

it('every secret that the repository shows is refused in production', async () => {
  const shown = new Map<string, string>();
  for (const { path, text } of await readProject(root)) {
    // What tests invent to be taken or refused is in those tests.
    if (path.endsWith('.spec.ts') || path.startsWith('test/architecture/')) continue;
    for (const [secret] of text.matchAll(/\b(?:sk_test|sk_live|whsec)_[\w+/=]{5,}|known-to-everybody[\w-]*/g)) {
      shown.set(secret, path);
    }
  }
  expect(shown.size).toBeGreaterThan(3);
  expect([...shown].filter(([secret]) => !isRefused(secret))).toEqual([]);
});
