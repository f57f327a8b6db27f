import { Icon } from './icon.js';

/** Why an input or a button didn't do its work. Said aloud at once. */
export function FieldError({ text }: { text: string | null }) {
  return (
    <div class="field-error-place" role="alert">
      {text !== null && (
        <p class="field-error">
          <Icon name="warning" size={17} />
          {text}
        </p>
      )}
    </div>
  );
}
