import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { CodeBlock, MarkdownPage } from './markdown.js';
import { root } from './project-pages.js';

/** What guides have people install; here it is the project's own. */
const INSTALLED = [
  ...['react', 'react-dom', 'vite', 'typescript', '@types/react', '@types/react-dom'],
  'standardwebhooks',
];

/**
 * What guides import of others and what isn't installed here, as react-markdown 10, expo 57, expo-secure-store 57 and react-native declare it:
 * their trees have hundreds of packages.
 */
const OTHERS = `
declare module 'react-markdown' {
  export default function Markdown(props: { children?: string | null }): import('react').ReactElement;
}
declare module 'expo/fetch' {
  export interface FetchRequestInit {
    body?: BodyInit | null;
    headers?: HeadersInit;
    method?: string;
    signal?: AbortSignal | null;
  }
  export function fetch(input: string | URL, init?: FetchRequestInit): Promise<Response>;
}
declare module 'expo-secure-store' {
  export function deleteItemAsync(key: string): Promise<void>;
  export function getItemAsync(key: string): Promise<string | null>;
  export function setItemAsync(key: string, value: string): Promise<void>;
}
declare module 'react-native' {
  import type { ComponentType, ReactElement, ReactNode } from 'react';
  export const AppState: { addEventListener(type: 'change', listener: (state: string) => void): { remove(): void } };
  export const Button: ComponentType<{ title: string; onPress: () => void }>;
  export const Text: ComponentType<{ children?: ReactNode }>;
  export const TextInput: ComponentType<{ value: string; onChangeText: (text: string) => void; placeholder?: string }>;
  export const View: ComponentType<{ style?: object; children?: ReactNode }>;
  export function FlatList<Item>(props: {
    data: Item[];
    keyExtractor: (item: Item) => string;
    renderItem: (info: { item: Item }) => ReactElement;
  }): ReactElement;
}
`;

/** A folder as someone has it who has followed a guide. */
export class GuideProject {
  private constructor(readonly folder: string) {}

  /** Makes the folder, with the client's package as it would be published, and the other packages. */
  static async create(folder: string): Promise<GuideProject> {
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, '@gemini-chat/client'), { recursive: true });
    await execa('npm', ['run', 'build', '--workspace', '@gemini-chat/client'], { cwd: root });
    const pack = ['pack', '--workspace', '@gemini-chat/client', '--pack-destination', folder];
    const { stdout } = await execa('npm', pack, { cwd: root });
    const tarball = stdout.trim().split('\n').at(-1) ?? '';
    const unpack = ['-xzf', join(folder, tarball), '--strip-components=1', '-C', join(modules, '@gemini-chat/client')];
    await execa('tar', unpack);
    for (const name of INSTALLED) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(root, 'node_modules', name), join(modules, name), 'dir');
    }
    return new GuideProject(folder);
  }

  /**
   * Writes the files of a page, each under the name that it begins with.
   *
   * @param under a folder, for pages whose files have the same names
   * @param change what is put in place of the guide's addresses
   */
  async write(page: MarkdownPage, under = '.', change = (text: string): string => text): Promise<void> {
    for (const block of page.blocks) {
      const name = nameOf(block);
      if (name === null) continue;
      const path = join(this.folder, under, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, change(block.text));
    }
  }

  /** Declares the packages that aren't here. */
  async declareOthers(): Promise<void> {
    await writeFile(join(this.folder, 'src/others.d.ts'), OTHERS);
  }
}

/** The file that a block is: named in its first line, or behind the backticks where a file can't have comments. */
function nameOf({ text, language, marks }: CodeBlock): string | null {
  if (language === 'json') return marks[0] ?? null;
  return /^(?:\/\/|<!--) ([\w./-]+\.\w+)(?: -->)?\n/.exec(text)?.[1] ?? null;
}
