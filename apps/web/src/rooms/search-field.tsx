import { Icon } from '../ui/icon.js';

/** Where words are entered that are searched in all messages. */
export function SearchField({ words, onChange }: { words: string; onChange: (words: string) => void }) {
  return (
    <div class="search-field" role="search">
      <Icon name="search" size={17} />
      <label class="visually-hidden" for="search">
        Search in all chats
      </label>
      <input
        id="search"
        type="search"
        maxLength={200}
        value={words}
        placeholder="Search in all chats"
        autocomplete="off"
        onInput={({ currentTarget }) => onChange(currentTarget.value.trimStart())}
        onKeyDown={({ key }) => key === 'Escape' && onChange('')}
      />
    </div>
  );
}
