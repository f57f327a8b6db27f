import { disableTypes, imageSize, types } from 'image-size';

/** How an image of a type is read; all other formats that the library knows are not looked for. */
const FORMATS: Record<string, { formats: string[]; headBytes: number }> = {
  'image/png': { formats: ['png'], headBytes: 64 },
  'image/webp': { formats: ['webp'], headBytes: 64 },
  'image/jpeg': { formats: ['jpg'], headBytes: Infinity },
  // The library's time grows with the square of the boxes that it finds.
  'image/heic': { formats: ['heif', 'heic'], headBytes: 32_768 },
  'image/heif': { formats: ['heif', 'heic'], headBytes: 32_768 },
};

disableTypes(types.filter((type) => !Object.values(FORMATS).some(({ formats }) => formats.includes(type))));

/** The largest number that a column takes. */
const MAX = 2_147_483_647;

/** From this orientation of EXIF on, an image is shown lying on its side. */
const FIRST_TURNED = 5;

/** The size of an image in pixels, as it is shown. */
export interface ImageDimensions {
  width: number | null;
  height: number | null;
}

const UNKNOWN: ImageDimensions = { width: null, height: null };

/**
 * Reads the size of an image from its first bytes.
 *
 * @returns nulls for what is no image, and for one that doesn't say
 */
export function imageDimensions(mediaType: string, head: Buffer): ImageDimensions {
  const format = FORMATS[mediaType];
  if (format === undefined) return UNKNOWN;
  try {
    const { width, height, orientation = 1 } = imageSize(head.subarray(0, format.headBytes));
    if (![width, height].every((length) => Number.isInteger(length) && length > 0 && length <= MAX)) return UNKNOWN;
    return orientation >= FIRST_TURNED ? { width: height, height: width } : { width, height };
  } catch {
    return UNKNOWN;
  }
}
