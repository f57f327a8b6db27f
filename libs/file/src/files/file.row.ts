/** Where the bytes of a file are. */
export type FileStoreName = 'postgresql' | 's3';

/** What is known about a file, without whose it is. */
export interface FileRow {
  id: string;
  name: string;
  mediaType: string;
  bytes: number;
  /** In pixels; null where unknown. */
  width: number | null;
  height: number | null;
  createdAt: Date;
}

/** A file, and where its bytes are. */
export interface StoredFileRow extends FileRow {
  store: FileStoreName;
}

/** The columns of {@link FileRow}, for SQL. */
export const FILE_COLUMNS = 'id, name, media_type AS "mediaType", bytes, width, height, created_at AS "createdAt"';
