/** A block of code. */
export interface CodeBlock {
  /** What it is written in: the first word behind the backticks. */
  language: string;
  /** The words behind that. */
  marks: string[];
  text: string;
  /** The line of its first line, from 1. */
  line: number;
}

/** A Markdown file, as far as the checks read it. */
export interface MarkdownPage {
  path: string;
  blocks: CodeBlock[];
  /** What its headings are linked by. */
  anchors: Set<string>;
  /** Where its links and images lead to, as written. */
  links: { target: string; line: number }[];
  /** What stands between backticks outside of blocks. */
  code: { text: string; line: number }[];
}

const DELIMITER = /^\s*(`{3,})(.*)$/;
const HEADING = /^#{1,6} (.*)$/;
const LINK = /\]\(<?([^)\s>]+)>?\)/g;
const INLINE_CODE = /`([^`]+)`/g;

/** Reads a page. @param path from the project's folder */
export function readPage(path: string, text: string): MarkdownPage {
  const page: MarkdownPage = { path, blocks: [], anchors: new Set(), links: [], code: [] };
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const [, delimiter, info = ''] = DELIMITER.exec(lines[index] ?? '') ?? [];
    if (delimiter === undefined) {
      readLine(page, lines[index] ?? '', index + 1);
      continue;
    }
    const begin = index;
    do index++;
    while (index < lines.length && lines[index]?.trim() !== delimiter);
    page.blocks.push(blockOf(lines.slice(begin, index), info, begin + 1));
  }
  return page;
}

function blockOf([first = '', ...rest]: string[], info: string, line: number): CodeBlock {
  const [language = '', ...marks] = info.trim().split(/\s+/);
  const indent = first.search(/\S/);
  return { language, marks, text: rest.map((each) => each.slice(indent)).join('\n'), line };
}

function readLine(page: MarkdownPage, text: string, line: number): void {
  const [, heading] = HEADING.exec(text) ?? [];
  if (heading !== undefined) page.anchors.add(anchorOf(heading, page.anchors));
  for (const [, target = ''] of text.replace(INLINE_CODE, '').matchAll(LINK)) page.links.push({ target, line });
  for (const [, code = ''] of text.matchAll(INLINE_CODE)) page.code.push({ text: code, line });
}

/** As GitHub makes it: lower case, without punctuation, hyphens for spaces, and a number for one that stands there already. */
function anchorOf(heading: string, taken: Set<string>): string {
  const words = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
  for (let count = 0; ; count++) {
    const anchor = count === 0 ? words : `${words}-${count}`;
    if (!taken.has(anchor)) return anchor;
  }
}
