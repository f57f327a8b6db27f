import type { ChatFile, Model } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { notTakenText } from './file-text.js';

/**
 * Says which files of a message that was refused the model does not take; null while it isn't known.
 *
 * @param model the room's own; null: the default of the plan, undefined: not known
 */
export function useNotTaken(files: readonly ChatFile[], model: string | null | undefined): string | null {
  const [models, setModels] = useState<Model[]>([]);
  // The one that refused, also when the room has another by now.
  const [chosen] = useState(model);
  useEffect(() => {
    client.models().then(setModels, () => undefined);
  }, []);
  return chosen === undefined ? null : notTakenText(files, models, chosen);
}
