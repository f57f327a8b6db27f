import { useRef } from 'preact/hooks';
import { Icon } from '../ui/icon.js';

/** Has files chosen for the next message. What they may be, the API says, by their content. */
export function AttachButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="icon-button attach-button"
        aria-label="Attach files"
        title="Attach files; they can be pasted and dropped here, too"
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" size={20} />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files"
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // Else the same file could not be chosen again.
          currentTarget.value = '';
        }}
      />
    </>
  );
}
