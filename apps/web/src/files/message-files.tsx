import type { ChatFile } from '@gemini-chat/client';
import { useRef, useState } from 'preact/hooks';
import { Dialog } from '../ui/dialog.js';
import { errorText } from '../ui/error-text.js';
import { Icon } from '../ui/icon.js';
import { useAction } from '../ui/use-action.js';
import { contentOf } from './file-contents.js';
import { fitted, isPicture, sizeText } from './file-text.js';
import './files.css';
import { useLazyContent, useObjectUrl } from './object-url.js';
import { saveAs } from './save-as.js';

/** The greatest size of an image among messages, in CSS pixels. */
const MOST = { width: 260, height: 200 };

/** The files of a message: images to be seen, others to be saved. */
export function MessageFiles({ files }: { files: readonly ChatFile[] }) {
  if (files.length === 0) return null;
  return (
    <ul class="message-files" aria-label="Files of the message">
      {files.map((file, index) => (
        <li key={`${file.id} ${index}`}>{isPicture(file) ? <Picture file={file} /> : <FileLink file={file} />}</li>
      ))}
    </ul>
  );
}

/** A file by its name. Its bytes are asked for with the owner's token, which no link has. */
function FileLink({ file: { id, name, bytes } }: { file: ChatFile }) {
  const save = useAction(async () => saveAs(name, await contentOf(id)));
  return (
    <>
      <button type="button" class="file-link" disabled={save.busy} onClick={() => save.run()}>
        <Icon name="file" />
        <span class="file-name">
          <span class="visually-hidden">Download </span>
          {name}
        </span>{' '}
        <span class="file-size">{save.busy ? 'Loading …' : sizeText(bytes)}</span>
      </button>
      {save.error !== null && <Failure text={save.error} />}
    </>
  );
}

/** An image, which is loaded once it is near, and shown large when it is pressed. What can't be shown is a name. */
function Picture({ file }: { file: ChatFile }) {
  const place = useRef<HTMLButtonElement>(null);
  const { content, error } = useLazyContent(file.id, place);
  const url = useObjectUrl(content);
  const [broken, setBroken] = useState(false);
  const [large, setLarge] = useState(false);
  if (broken) return <FileLink file={file} />;
  const size = fitted(file, MOST);
  return (
    <>
      <button
        ref={place}
        type="button"
        class="picture"
        aria-label={`Show ${file.name}`}
        disabled={url === null}
        onClick={() => setLarge(true)}
      >
        {url === null ? (
          <svg class="picture-place" {...size} aria-hidden="true" />
        ) : (
          <img src={url} alt={file.name} {...size} onError={() => setBroken(true)} />
        )}
      </button>
      {error !== null && <Failure text={errorText(error)} />}
      {large && url !== null && content !== null && (
        <Dialog title={file.name} onClose={() => setLarge(false)}>
          <img class="picture-large" src={url} alt={file.name} />
          <div class="dialog-actions">
            <button type="button" class="button" onClick={() => saveAs(file.name, content)}>
              <Icon name="download" size={17} /> Download
            </button>
            <button type="button" class="button button-primary" onClick={() => setLarge(false)}>
              Close
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

const Failure = ({ text }: { text: string }) => (
  <p class="file-error" role="alert">
    {text}
  </p>
);
