import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project-pages.js';

/** Commands that the check doesn't run, and what it finds out about them instead. */
export interface UnrunCommand {
  fits: RegExp;
  because: string;
  /** What is wrong with one of them. */
  problems(command: string): string[];
}

interface PackageFile {
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const WORKSPACES = ['.', 'apps/sandbox', 'apps/web', 'libs/client', 'test/clients', 'examples/use-chat'];
const packages = new Map(
  WORKSPACES.map((folder) => {
    const file = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as PackageFile & { name: string };
    return [file.name, file];
  }),
);
const ROOT_PACKAGE = 'gemini-chat-backend';

const unless = (holds: boolean, problem: string): string[] => (holds ? [] : [problem]);

/** That npm's script exists, in the package that `--workspace` names. */
function scriptProblems(command: string): string[] {
  const [, name = ''] = /^npm (?:run )?([\w:-]+)/.exec(command) ?? [];
  const [, workspace = ROOT_PACKAGE] = /(?:--workspace|-w) (\S+)/.exec(command) ?? [];
  return unless(packages.get(workspace)?.scripts?.[name] !== undefined, `${workspace} has no script ${name}`);
}

/** That our own packages, and what our own code is tested with, are what is to be installed. */
function packageProblems(command: string): string[] {
  const known = new Map(
    [...packages.values()].flatMap((each) => Object.entries({ ...each.dependencies, ...each.devDependencies })),
  );
  const named = command
    .split(' ')
    .slice(2)
    .filter((word) => !word.startsWith('-'));
  return named.flatMap((word) => (word.endsWith('.tgz') ? tarballProblems(word) : versionProblems(word, known)));
}

/** That a package is one of ours, in the major version that is named. @param known versions by name */
function versionProblems(word: string, known: Map<string, string>): string[] {
  const [, name = word, major] = /^(.+?)@(\d+)$/.exec(word) ?? [];
  const version = known.get(name);
  if (version === undefined) return [`nothing here depends on ${name}`];
  return unless(major === undefined || version.startsWith(`${major}.`), `${name} is here in version ${version}`);
}

function tarballProblems(path: string): string[] {
  const { version } = JSON.parse(readFileSync(join(root, 'libs/client/package.json'), 'utf8')) as { version: string };
  return unless(path.endsWith(`/gemini-chat-client-${version}.tgz`), `the client's version is ${version}`);
}

/** That a process starts as its script does. */
function startProblems(command: string): string[] {
  const start = command.replace(/--env-file=\S+ /, '');
  return unless(
    Object.values(packages.get(ROOT_PACKAGE)?.scripts ?? {}).includes(start),
    `no script starts "${start}"`,
  );
}

const copyProblems = (command: string): string[] => {
  const [, from = ''] = command.split(' ');
  return unless(existsSync(join(root, from)), `${from} doesn't exist`);
};

const none = (): string[] => [];

export const UNRUN: UnrunCommand[] = [
  { fits: /^npm (?:start|test)$/, because: 'the stack of this check is what they start', problems: scriptProblems },
  {
    fits: /^npm run (?:bench|dev|db:\w+)\b/,
    because: 'they take minutes, or change roles of the server of all tests; they have tests of their own',
    problems: scriptProblems,
  },
  { fits: /^npm run build --workspace/, because: 'the web chat is built with it', problems: scriptProblems },
  { fits: /^npm pack --workspace @gemini-chat\/client /, because: 'the web chat is built with it', problems: none },
  { fits: /^npm ci && npm run build$/, because: 'this check runs after both', problems: none },
  { fits: /^npm run postman$/, because: 'newman runs what it writes, in a test of its own', problems: scriptProblems },
  { fits: /^npx redocly respect /, because: 'a test of its own runs it', problems: none },
  { fits: /^npm init --yes$|^npm install$|^mkdir |^cd /, because: 'the check makes the folder', problems: none },
  { fits: /^npm install react-markdown@10$/, because: 'guide-project.ts declares its types', problems: none },
  { fits: /^npm install /, because: 'a registry is not reached in tests', problems: packageProblems },
  { fits: /^(?:node first\.mjs|npx (?:tsc|vite))$/, because: 'the web chat is built with them', problems: none },
  { fits: /^npx (?:create-expo-app|expo)/, because: "Expo's programs are not installed here", problems: none },
  { fits: /^npx @openapitools\//, because: 'it takes a Java machine', problems: none },
  { fits: /^cp /, because: "it would change a developer's own files", problems: copyProblems },
  {
    fits: /^docker-compose (?:--profile sandbox --profile monitoring )?up (?:--build|--detach --no-recreate --scale api=\d api)$/,
    because: 'it takes an engine; test/containers does it',
    problems: none,
  },
  {
    fits: /^(?:old=\$\()?docker compose |^for each in \$old; do docker /,
    because: 'it takes an engine',
    problems: none,
  },
  { fits: /^for port in .+ systemctl restart /, because: 'it takes systemd', problems: none },
  {
    fits: /^node --env-file=\S+ /,
    because: 'test/docs/production.test.ts starts them with the variables of the file',
    problems: startProblems,
  },
  {
    fits: /^npm run admin -- /,
    because: 'they name rows of whoever runs them; tests of their own run all',
    problems: scriptProblems,
  },
  {
    fits: /^sed -i 's#runbook_url/,
    because: "it changes a copy of the rules with an address of one's own",
    problems: none,
  },
  {
    fits: /^(?:pg_dump|pg_restore|psql|node dist\/admin\/main\.js restore) /,
    because: 'test/operations/restore.test.ts does what they do, on servers of its own',
    problems: none,
  },
  { fits: /^stripe /, because: 'it takes an account at Stripe; a unit test compares the events', problems: none },
  { fits: /^curl https:\/\/api\.example\.com/, because: 'the address is an example', problems: none },
];
