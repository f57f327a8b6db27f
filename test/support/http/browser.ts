import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser that `BROWSER_PATH` names, or one that is on the PATH; null when there is none. */
function findBrowser(): string | null {
  const named = process.env['BROWSER_PATH'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

const browserPath = findBrowser();

/** `describe` for what needs a browser. Where there is none, what is in it is skipped, and a warning says what that means. */
export function describeInBrowser(withoutOne: string): jest.Describe {
  if (browserPath !== null) return describe;
  console.warn(`No browser: ${withoutOne}. Install chromium, or name one in BROWSER_PATH.`);
  return describe.skip;
}

/** Starts the browser without a window. @throws Error where there is none */
export function launchBrowser(): Promise<Browser> {
  if (browserPath === null) throw new Error('There is no browser.');
  // Chromium's own sandbox works neither in containers nor for root; the browser loads only our own pages.
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
