import { useEffect, useRef, useState } from 'preact/hooks';
import { type Attachment, type Attachments, isUploading } from '../files/attachments.js';
import { contentOf } from '../files/file-contents.js';
import { isPicture, sizeText } from '../files/file-text.js';
import '../files/files.css';
import { useObjectUrl } from '../files/object-url.js';
import { Icon } from '../ui/icon.js';

interface AttachmentListProps {
  attachments: Attachments;
  chosen: readonly Attachment[];
  /** The focus was on what is no longer there. */
  onRemoved: () => void;
}

/** The files of the message that is being written. */
export function AttachmentList({ attachments, chosen, onRemoved }: AttachmentListProps) {
  const remove = (key: number): void => {
    attachments.remove(key);
    onRemoved();
  };
  return (
    <>
      {chosen.length > 0 && (
        <ul class="attachments" aria-label="Files of the next message">
          {chosen.map((attachment) => (
            <Chip
              key={attachment.key}
              attachment={attachment}
              onRetry={() => attachments.retry(attachment.key)}
              onRemove={() => remove(attachment.key)}
            />
          ))}
        </ul>
      )}
      <Uploads chosen={chosen} />
    </>
  );
}

interface ChipProps {
  attachment: Attachment;
  onRetry: () => void;
  onRemove: () => void;
}

function Chip({ attachment, onRetry, onRemove }: ChipProps) {
  const { name, bytes, error, mayRetry } = attachment;
  const uploading = isUploading(attachment);
  return (
    <li class={error === null ? 'attachment' : 'attachment attachment-failed'} aria-busy={uploading}>
      <Preview attachment={attachment} />
      <span class="attachment-text">
        <span class="file-name">{name}</span>
        <span class="file-size">
          {sizeText(bytes)}
          {uploading && ', uploading …'}
        </span>
        {error !== null && (
          <span class="file-error" role="alert">
            <span class="visually-hidden">{name} could not be uploaded. </span>
            <span>{error}</span>
          </span>
        )}
      </span>
      {mayRetry && (
        <button type="button" class="icon-button" aria-label={`Upload ${name} again`} onClick={onRetry}>
          <Icon name="refresh" size={16} />
        </button>
      )}
      <button type="button" class="icon-button" aria-label={`Remove ${name}`} onClick={onRemove}>
        <Icon name="close" size={16} />
      </button>
    </li>
  );
}

/** A small image, where the file is one that this browser can show. */
function Preview({ attachment: { content, file, mediaType } }: { attachment: Attachment }) {
  const [loaded, setLoaded] = useState<Blob | null>(null);
  const [broken, setBroken] = useState(false);
  const shows = isPicture({ mediaType }) && !broken;
  const missing = shows && content === null ? file?.id : undefined;
  useEffect(() => {
    if (missing !== undefined) contentOf(missing).then(setLoaded, () => setBroken(true));
  }, [missing]);
  const url = useObjectUrl(shows ? (content ?? loaded) : null);
  if (!shows || url === null) return <Icon name="file" size={28} />;
  return <img class="attachment-preview" src={url} alt="" onError={() => setBroken(true)} />;
}

/** Says to a screen reader that files are uploaded. What could not be says so itself, and so is not hidden by those that could. */
function Uploads({ chosen }: { chosen: readonly Attachment[] }) {
  const [said, setSaid] = useState('');
  const uploading = useRef(new Set<number>());
  useEffect(() => {
    const done = chosen.filter(({ key, file }) => uploading.current.has(key) && file !== null);
    uploading.current = new Set(chosen.filter(isUploading).map(({ key }) => key));
    if (done.length > 0) setSaid(done.map(({ name }) => `${name} is uploaded.`).join(' '));
  }, [chosen]);
  return (
    <p class="visually-hidden" aria-live="polite">
      {said}
    </p>
  );
}
