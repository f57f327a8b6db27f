import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser that `BROWSER_PATH` names, or one that is on the PATH; null when there is none. */
export function findBrowser(): string | null {
  const named = process.env['BROWSER_PATH'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

/** Starts the browser without a window. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  // Chromium's own sandbox works neither in containers nor for root; the browser loads only our own pages.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
