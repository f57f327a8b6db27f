/** What of jsdom is used; its own types would bring the DOM's into every file of the project. */
interface Jsdom {
  JSDOM: new (html: string, options: object) => { window: object & { document: object } };
}

/** Loads a package past Jest's loader (see test/support/jest/node-environment.mjs), for which jsdom is large. */
const { requireNatively } = globalThis as unknown as { requireNatively: (name: string) => Jsdom };

/** A page for React in this process. To be imported before `react-dom`, which looks for one when it is loaded. */
const { window } = new (requireNatively('jsdom').JSDOM)('<!doctype html>', {
  pretendToBeVisual: true,
  url: 'http://localhost/',
});
Object.assign(globalThis, { window, document: window.document });
