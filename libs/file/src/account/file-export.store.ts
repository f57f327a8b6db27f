import { Database, inBatches } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { StoredFileRow } from '../files/file.row.js';

/** A file as its owner takes it away; its bytes are in the archive. */
const EXPORTED = { id: true, name: true, mediaType: true, bytes: true, createdAt: true } as const;

type ExportedFile = Pick<StoredFileRow, keyof typeof EXPORTED>;

/** How many files a statement reads at most. */
const FILES = 500;

/** Reads a user's files for an export. */
@Injectable()
export class FileExportStore {
  constructor(private readonly database: Database) {}

  /** All files, oldest first. What is deleted meanwhile is left out. */
  filesOf(userId: string): AsyncGenerator<ExportedFile> {
    return inBatches(
      (after: string | null) =>
        this.database.prisma.file.findMany({
          where: { userId, ...(after === null ? {} : { id: { gt: after } }) },
          orderBy: { id: 'asc' },
          take: FILES,
          select: EXPORTED,
        }),
      ({ id }) => id,
    );
  }

  /** Where the bytes of a file are; null when the file is deleted. */
  async storeOf(userId: string, id: string): Promise<StoredFileRow['store'] | null> {
    const file = await this.database.prisma.file.findFirst({ where: { id, userId }, select: { store: true } });
    return (file?.store as StoredFileRow['store'] | undefined) ?? null;
  }
}
