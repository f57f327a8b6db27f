import type { ChatFile, Model } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { shownRoom } from '../rooms/rooms-store.js';
import { notTakenText } from './file-text.js';

/** Says which files of a message that was refused the model does not take; null while it isn't known. */
export function useNotTaken(files: readonly ChatFile[]): string | null {
  const [models, setModels] = useState<Model[]>([]);
  // The one that refused, also when the room has another by now.
  const [chosen] = useState(() => shownRoom.get()?.model ?? null);
  useEffect(() => {
    client.models().then(setModels, () => undefined);
  }, []);
  return notTakenText(files, models, chosen);
}
