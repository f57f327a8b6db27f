import type { MessageFile } from '@app/chatroom';
import { FileStoreRegistry } from '@app/file';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import type { ModelFile, ModelTurn } from '../model/language-model.port.js';
import { estimateFileTokens, kindOf } from './media-estimate.js';

/** Stands for files that the model isn't shown, where nothing else was said: no model takes a question that is empty. */
export const NOT_SHOWN = '[a file that is not shown]';

/** The files of messages as models are shown them. */
@Injectable()
export class ShownFilesService {
  constructor(
    private readonly stores: FileStoreRegistry,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** Whether the model takes files of this kind. Of one that the catalogue doesn't know, the vendor decides. */
  isTaken(model: string, { mediaType }: MessageFile): boolean {
    const kinds: readonly string[] | undefined = this.catalogue.model(model)?.files;
    return kinds?.includes(kindOf(mediaType)) ?? true;
  }

  /** Those of an earlier question that the model can be shown: it takes them, and this deployment has the store where they are. */
  ofHistory(model: string, files: MessageFile[] | null): MessageFile[] {
    if (files === null) return [];
    return files.filter((file) => this.isTaken(model, file) && this.stores.names.includes(file.store));
  }

  /**
   * A file as the port takes it. Nothing is read yet.
   *
   * @param tokens as the model has counted; absent: an estimate
   */
  toModelFile({ id, mediaType, bytes, store }: MessageFile, tokens?: number): ModelFile {
    return {
      mediaType,
      bytes,
      tokens: tokens ?? estimateFileTokens({ mediaType, bytes }),
      open: (signal) => this.stores.get(store).read(id, null, signal),
    };
  }
}

/** An utterance as it is without its files. */
export const withoutFiles = ({ role, text }: ModelTurn): ModelTurn => ({ role, text: text === '' ? NOT_SHOWN : text });
