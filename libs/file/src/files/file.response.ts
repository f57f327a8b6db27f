import { ApiProperty } from '@nestjs/swagger';
import type { FileRow } from './file.row.js';

/** A file that was uploaded. */
export class FileResponse {
  @ApiProperty({ type: 'string', format: 'uuid', example: '01936b2f-2d4e-7c1a-9b7f-5e2d8c4a1f60' })
  id!: string;

  @ApiProperty({
    type: 'string',
    maxLength: 255,
    description: 'As it was uploaded, without folders, control characters and marks that turn the direction of text.',
    example: 'report.pdf',
  })
  name!: string;

  @ApiProperty({
    type: 'string',
    description:
      'Found in the content: `image/png`, `image/jpeg`, `image/webp`, `image/heic`, `image/heif`, `application/pdf`, `text/plain`, or a ' +
      'kind of `audio/`. Kinds may be added.',
    example: 'application/pdf',
  })
  mediaType!: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'The size of the content.', example: 482113 })
  bytes!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Of an image, in pixels, as it is shown. Null where unknown.',
    example: null,
  })
  width!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Of an image, in pixels, as it is shown. Null where unknown.',
    example: null,
  })
  height!: number | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:00:00.000Z' })
  createdAt!: string;
}

/** A file as its owner sees it. @param createdAt in ISO 8601 */
export const fileResponseOf = (
  { id, name, mediaType, bytes, width, height }: Omit<FileRow, 'createdAt'>,
  createdAt: string,
): FileResponse => ({ id, name, mediaType, bytes, width, height, createdAt });

/** The same of a row. */
export const toFileResponse = (row: FileRow): FileResponse => fileResponseOf(row, row.createdAt.toISOString());
