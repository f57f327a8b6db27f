import { createStore } from './store.js';

/** `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'gemini-chat-theme';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

const stored = (): Theme => THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';

/** The theme that the user has chosen. */
export const theme = createStore<Theme>('system');

/** Shows the page in the theme that was chosen last. */
export function applyTheme(): void {
  chooseTheme(stored());
}

/** Shows the page in a theme, now and next time. */
export function chooseTheme(chosen: Theme): void {
  theme.set(chosen);
  localStorage.setItem(KEY, chosen);
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}
