import { Icon, type IconName } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { chooseTheme, theme, type Theme } from '../ui/theme.js';

const CHOICES: [theme: Theme, text: string, icon: IconName][] = [
  ['system', 'As the device', 'device'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
];

/** Light or dark. */
export function ThemeCard() {
  const chosen = useStore(theme);
  return (
    <section class="card" aria-labelledby="theme">
      <h2 id="theme">Appearance</h2>
      <div class="row" role="group" aria-labelledby="theme">
        {CHOICES.map(([choice, text, icon]) => (
          <button
            type="button"
            key={choice}
            class="button theme-choice"
            aria-pressed={choice === chosen}
            onClick={() => chooseTheme(choice)}
          >
            <Icon name={icon} />
            {text}
          </button>
        ))}
      </div>
    </section>
  );
}
