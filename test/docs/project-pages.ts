import { fileURLToPath } from 'node:url';
import { readProject } from '../../scripts/checks/words.mjs';
import { type MarkdownPage, readPage } from './markdown.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every Markdown page of the project, in the order of their paths. */
export async function readPages(): Promise<MarkdownPage[]> {
  const files = await readProject(root);
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, text }) => readPage(path, text));
}
