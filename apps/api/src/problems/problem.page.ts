import { problemTitleOf, problemTypeOf } from '@app/platform';
import { FAULTS, PROBLEM_TYPES, type ProblemType } from './problem-types.js';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}' +
  'dt{font-weight:600;margin-top:1rem}dd{margin:0}';

/** The page of one problem. */
export function problemPage(code: string, { meaning, fault, remedy }: ProblemType): string {
  const title = problemTitleOf(code);
  return page(
    title,
    `<h1>${text(title)}</h1>
<p>${text(meaning)}</p>
<dl>
<dt>Code</dt><dd><code>${text(code)}</code></dd>
<dt>Whose fault it is</dt><dd>${text(FAULTS[fault])}</dd>
<dt>What to do</dt><dd>${text(remedy)}</dd>
</dl>
<p><a href="/problems">All problems</a> · <a href="/docs">The API</a></p>`,
  );
}

/** The page that leads to all others. */
export function problemListPage(): string {
  const items = [...PROBLEM_TYPES].map(
    ([code, { meaning }]) =>
      `<dt><a href="${problemTypeOf(code)}">${text(problemTitleOf(code))}</a></dt><dd>${text(meaning)}</dd>`,
  );
  return page('Problems', `<h1>Problems</h1>\n<dl>\n${items.join('\n')}\n</dl>\n<p><a href="/docs">The API</a></p>`);
}

const page = (title: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;

const text = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
