import type { FileUIPart } from 'ai';
import { isChatError } from '../errors.js';
import type { ChatClient } from '../types.js';
import type { ChatMessage } from './chat-message.js';

/** One file of a message that isn't accepted yet. */
interface Uploaded {
  /** The data URL of what was uploaded: another file may take its place in a message that was refused. */
  url: string;
  upload: Promise<string>;
}

/** Uploads the files of messages, once each: a message that is sent again under its key has to have the same files. */
export class MessageFiles {
  /** What was uploaded, by the message's id, and by the file's place in it. */
  private readonly uploaded = new Map<string, Map<number, Uploaded>>();

  constructor(private readonly files: ChatClient['files']) {}

  /**
   * @returns the ids of a message's files, in order
   * @throws ChatError when one is refused
   * @throws Error for an address that is neither a data URL nor that of an uploaded file
   */
  async idsOf(message: ChatMessage, signal: AbortSignal): Promise<string[]> {
    const parts = message.parts.filter((part) => part.type === 'file');
    return Promise.all(parts.map((part, place) => this.idOf(part, message.id, place, signal)));
  }

  /** Forgets what was uploaded for a message, when the API doesn't know it any more. */
  forgetIfLost(message: ChatMessage, error: unknown): void {
    if (isChatError(error) && error.code === 'file_not_found') this.forget(message);
  }

  /** Forgets what was uploaded for a message, once it is accepted. */
  forget(message: ChatMessage): void {
    this.uploaded.delete(message.id);
  }

  private async idOf(part: FileUIPart, messageId: string, place: number, signal: AbortSignal): Promise<string> {
    const id = /\/file\/([^/?#]+)\/content$/.exec(part.url)?.[1];
    if (id !== undefined && this.files.contentUrl(id) === part.url) return id;
    const ofMessage = this.uploaded.get(messageId) ?? new Map<number, Uploaded>();
    const known = ofMessage.get(place);
    const uploaded = known?.url === part.url ? known : this.begun(part, signal);
    this.uploaded.set(messageId, ofMessage.set(place, uploaded));
    try {
      return await uploaded.upload;
    } catch (error) {
      if (ofMessage.get(place) === uploaded) ofMessage.delete(place);
      throw error;
    }
  }

  private begun({ url, filename: name }: FileUIPart, signal: AbortSignal): Uploaded {
    return { url, upload: this.files.upload(bytesOf(url), { name, signal }).then((file) => file.id) };
  }
}

/** @throws Error for an address that is no data URL */
function bytesOf(url: string): Uint8Array {
  const [, isBase64, data] = /^data:[^,]*?(;base64)?,(.*)$/is.exec(url) ?? [];
  if (data === undefined) throw new Error('A file of a message must be a data URL, or one that was uploaded.');
  if (isBase64 === undefined) return new TextEncoder().encode(decodeURIComponent(data));
  return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
}
