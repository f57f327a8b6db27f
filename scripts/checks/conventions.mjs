/** Fails unless files end in their role, folders are small, and no word is used that CONTRIBUTING.md bans. */
import { fileURLToPath } from 'node:url';
import { readSources } from './source-files.mjs';
import { crowdedFolders, filesWithoutRole, MAX_FILES } from './structure.mjs';
import { bannedWords, readProject } from './words.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const product = await readSources(root, ['libs', 'apps/admin', 'apps/api', 'apps/worker'], /\.ts$/);
const sources = await readSources(root, ['libs', 'apps', 'scripts', 'bench', 'prisma', 'test'], /\.(?:ts|mjs)$/);

const problems = [
  ...filesWithoutRole(product).map((path) => `${path}: its class is injected, so its name ends in a role.`),
  ...crowdedFolders(sources).map((folder) => `${folder}: more than ${MAX_FILES} source files.`),
  ...bannedWords(await readProject(root)).map(({ place, word, instead }) => `${place}: "${word}"; say: ${instead}.`),
];

console.log(problems.length === 0 ? 'Files, folders and words are in order.' : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
