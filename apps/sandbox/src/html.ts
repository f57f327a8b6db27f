import { createHash } from 'node:crypto';

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | Html[] | string | number | null | undefined | false;

/** Builds HTML; every value that isn't HTML already is escaped, and what is absent is left out. */
export const html = (parts: TemplateStringsArray, ...values: Value[]): Html =>
  new Html(parts.reduce((text, part, index) => text + render(values[index - 1]) + part));

function render(value: Value): string {
  if (value === null || value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(render).join('');
  return value instanceof Html ? value.text : escape(String(value));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}
h1{font-size:1.4rem}button,.button{font:inherit;display:inline-block;padding:.5rem 1rem;margin:.2rem .2rem .2rem 0;border:1px solid #ccd;border-radius:6px;background:#fff;color:inherit;text-decoration:none;cursor:pointer}
.main{background:#635bff;color:#fff;border-color:#635bff}form{display:inline}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem;border-bottom:1px solid #eee}
code{background:#eee;padding:.1em .3em}#error{color:#b3093c}.sandbox{font-size:.85rem;color:#697386}`;

/** The one inline style by which a Content-Security-Policy knows it. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(style).digest('base64')}`;

/**
 * A whole page.
 *
 * @param reloadSeconds after which it is read again; null: never
 */
export const page = (title: string, body: Html, reloadSeconds: number | null = null): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        ${new Html(`<style>${style}</style>`)}
        ${reloadSeconds !== null && html`<meta http-equiv="refresh" content="${reloadSeconds}" />`}
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
        <p class="sandbox">Sandbox: nothing here leaves this machine, and no money moves.</p>
      </body>
    </html>`.text;
