import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.js';
import { notify } from './notices.js';

const SAID_MS = 1_500;

/** Copies a text. @param text is asked for when it is needed */
export function CopyButton({ label, text, children }: { label: string; text: () => string; children?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    navigator.clipboard.writeText(text()).then(
      () => setCopied(true),
      () => notify('The browser does not allow to copy here.'),
    );
  };
  return (
    <button
      type="button"
      class={children === undefined ? 'icon-button' : 'button button-small'}
      aria-label={copied ? 'Copied' : label}
      title={label}
      onClick={copy}
    >
      <Icon name={copied ? 'check' : 'copy'} size={16} />
      {children !== undefined && <span>{copied ? 'Copied' : children}</span>}
    </button>
  );
}
