import { Icon } from './icon.js';

/** The name of the product. */
export function Brand() {
  return (
    <div class="brand">
      <span class="brand-mark">
        <Icon name="spark" size={18} />
      </span>
      <a class="brand-name" href="#/">
        Gemini Chat
      </a>
    </div>
  );
}
