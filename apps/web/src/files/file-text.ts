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
