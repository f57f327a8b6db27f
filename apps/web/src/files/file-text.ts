import type { ChatFile, Model } from '@gemini-chat/client';

const UNITS = ['B', 'kB', 'MB', 'GB'];

/** A size in words. @param bytes as a whole number; a thousand of a unit is one of the next */
export function sizeText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const size = bytes / 1_000 ** power;
  return `${size < 10 && power > 0 ? size.toFixed(1) : Math.round(size)} ${UNITS[power]}`;
}

/** Images that every browser of these years can show. */
const SHOWABLE = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']);

/** Whether a file can be shown as an image. */
export const isPicture = ({ mediaType }: { mediaType: string }): boolean => SHOWABLE.has(mediaType);

/**
 * The size at which an image is shown, within a bound. It is known before the image is there, so that nothing moves then.
 * @returns a square where the image's own size is not known
 */
export function fitted(
  { width, height }: { width: number | null; height: number | null },
  most: { width: number; height: number },
): { width: number; height: number } {
  if (!width || !height) return { width: most.height, height: most.height };
  const scale = Math.min(1, most.width / width, most.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The kind of a file, in the words of a model's `files`. */
const kindOf = ({ mediaType }: { mediaType: string }): string =>
  mediaType === 'application/pdf' ? 'pdf' : mediaType.slice(0, mediaType.indexOf('/'));

/**
 * Which files of a message a model does not take, in words.
 *
 * @param chosen the room's own model; null: the default of the plan
 * @returns null where it can't be said
 */
export function notTakenText(
  files: readonly Pick<ChatFile, 'name' | 'mediaType'>[],
  models: readonly Pick<Model, 'name' | 'label' | 'default' | 'files'>[],
  chosen: string | null,
): string | null {
  const model = models.find(({ name, default: isDefault }) => (chosen === null ? isDefault : name === chosen));
  const names = files.filter((file) => model?.files.includes(kindOf(file)) === false).map(({ name }) => `“${name}”`);
  if (model === undefined || names.length === 0) return null;
  return (
    `The model of this chat, ${model.label}, does not take ${new Intl.ListFormat('en').format(names)}. ` +
    `Change the message and remove what it does not take, or choose another model in the chat’s settings and send it again.`
  );
}
