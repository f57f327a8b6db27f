import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { buildInfo } from './build-info.js';

const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };

describe('what a process says of its build', () => {
  it('is the name and version of package.json, also when the sources run as they are', () => {
    expect(buildInfo()).toMatchObject({ name, version, revision: 'unknown' });
  });

  it('tells processes of one host apart, and stays the same in one', () => {
    expect(buildInfo().instance).toMatch(/-[0-9a-f]{12}$/);
    expect(buildInfo().instance.startsWith(hostname())).toBe(true);
    expect(buildInfo()).toBe(buildInfo());
  });
});
