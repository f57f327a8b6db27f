/** What a file system or an unpacking program takes for something else than a part of a name. */
const UNSAFE = /[\p{Cc}\\/:*?"<>|]/gu;

/** Names that Windows keeps for devices, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;

/** Of a name in UTF-8, in most file systems. */
const MAX_BYTES = 255;

/** The path of a file in an archive: a folder for each file, since several may have one name, and in it a name that any system takes. */
export const entryPath = (id: string, name: string): string => `${id}/${safeName(name)}`;

function safeName(name: string): string {
  const characters = [
    ...name
      .toWellFormed()
      .replace(UNSAFE, '_')
      .replace(DEVICE, '_$&')
      .replace(/[. ]+$/, '_'),
  ];
  const extension = /\.[^.]{1,16}$/u.exec(characters.join(''))?.[0] ?? '';
  const stem = characters.slice(0, characters.length - [...extension].length);
  while (Buffer.byteLength(stem.join('') + extension) > MAX_BYTES) stem.pop();
  return stem.join('') + extension || '_';
}
