import { Clock, Database, prepared } from '@app/platform';
import { PlanCatalogue, planLimitSql, planNumberSql, planOfUserSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { FileInUseError, FileNotFoundError } from './file.errors.js';
import { FILE_COLUMNS, type FileRow, type FileStoreName, type StoredFileRow } from './file.row.js';

/** How much a user may upload. */
export interface UploadAllowance {
  /** The largest file, in bytes. */
  maxFileBytes: number;
  /** What is left for files, in bytes; 0 where they are over it. */
  bytesLeft: number;
}

/** What was found out about a file while its bytes were stored. */
export interface NewFile {
  id: string;
  name: string;
  mediaType: string;
  bytes: number;
  width: number | null;
  height: number | null;
  store: FileStoreName;
}

/** A file that no message has is deleted after so long. */
const UNUSED_MS = 24 * 60 * 60_000;

const heldSql = (user: string): string =>
  `(SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM file WHERE user_id = ${user})`;

/** As numbers of floating point, which hold whole numbers up to 9 PB exactly. */
const ALLOWANCE = prepared<UploadAllowance>(
  'file_allowance',
  `
    SELECT ${planNumberSql('plan', '$3', 'maxFileBytes')} AS "maxFileBytes",
      greatest(${planLimitSql('plan', '$3', 'fileBytesStored')}::bigint - held.bytes, 0)::float8 AS "bytesLeft"
    FROM ${planOfUserSql('$1::uuid', '$2', '$3')}, ${heldSql('$1::uuid')} held`,
);

/** From then on the bytes are removed in time, should the upload not become a file. An upload takes half of it at most. */
const BEGIN_UPLOAD = prepared(
  'file_begin_upload',
  `INSERT INTO file_removal (file_id, store, due_at) VALUES ($1::uuid, $2::text, now() + interval '1 hour')`,
);

const FORGET_UPLOAD = prepared('file_forget_upload', 'DELETE FROM file_removal WHERE file_id = $1::uuid');

/**
 * Whoever adds a file waits here, and counts those of all who came before. The lock is not the one of a deletion: statements that only
 * reference the user go on.
 */
const LOCK_OWNER = prepared<{ id: string }>(
  'file_lock_owner',
  'SELECT id FROM "user" WHERE id = $1::uuid FOR NO KEY UPDATE',
);

/** Makes an upload a file unless the plan has no space for it; its bytes are not to be removed then. */
const CREATE = prepared<FileRow>(
  'file_create',
  `
    WITH kept AS (
      DELETE FROM file_removal USING ${planOfUserSql('$2::uuid', '$9', '$11')}, ${heldSql('$2::uuid')} held
      WHERE file_id = $1::uuid AND held.bytes + $5::int <= ${planLimitSql('plan', '$11', 'fileBytesStored')}::bigint
      RETURNING file_id, store
    )
    INSERT INTO file (id, user_id, name, media_type, bytes, width, height, store, created_at, delete_after)
    SELECT file_id, $2::uuid, $3::text, $4::text, $5::int, $6::int, $7::int, $8::text, $9::timestamptz, $10::timestamptz
    FROM kept
    RETURNING ${FILE_COLUMNS}`,
);

/** What is known about files, in PostgreSQL; whose they are is part of every query. */
@Injectable()
export class FileRecordStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** How much the user may upload now. Others of the user's uploads may end before this one does. */
  async allowance(userId: string): Promise<UploadAllowance> {
    const [allowance] = await this.database.run(ALLOWANCE, [userId, this.clock.now(), this.catalogue.sqlParameter]);
    return allowance!;
  }

  /** Remembers that bytes are about to be written, so that they are removed should the process die. */
  async beginUpload(id: string, store: FileStoreName): Promise<void> {
    await this.database.run(BEGIN_UPLOAD, [id, store]);
  }

  /** The bytes of an upload that has failed are removed already. */
  async forgetUpload(id: string): Promise<void> {
    await this.database.run(FORGET_UPLOAD, [id]);
  }

  /**
   * Makes an upload whose bytes are all stored a file. Exact under parallel uploads, which wait for each other here.
   *
   * @returns null when the user's plan has no space for it
   */
  async create(userId: string, { id, name, mediaType, bytes, width, height, store }: NewFile): Promise<FileRow | null> {
    const now = this.clock.now();
    const times = [now, new Date(now.getTime() + UNUSED_MS)].map((time) => time.toISOString());
    const values = [id, userId, name, mediaType, bytes, width, height, store, ...times, this.catalogue.sqlParameter];
    const { prisma } = this.database;
    const [, [file]] = await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_OWNER.text, userId),
      prisma.$queryRawUnsafe<FileRow[]>(CREATE.text, ...values),
    ]);
    return file ?? null;
  }

  /** @throws FileNotFoundError */
  async find(userId: string, id: string): Promise<StoredFileRow> {
    const select = {
      ...{ id: true, name: true, mediaType: true, bytes: true, width: true, height: true },
      ...{ createdAt: true, store: true },
    } as const;
    const file = await this.database.prisma.file.findFirst({ where: { id, userId }, select });
    if (file === null) throw new FileNotFoundError();
    return { ...file, store: file.store as FileStoreName };
  }

  /**
   * Deletes a file that no message has. A trigger says then that its bytes are to be removed.
   *
   * @throws FileNotFoundError, FileInUseError
   */
  async delete(userId: string, id: string): Promise<void> {
    const where = { id, userId, deleteAfter: { not: null } };
    const { count } = await this.database.prisma.file.deleteMany({ where });
    if (count > 0) return;
    await this.find(userId, id);
    throw new FileInUseError();
  }
}
