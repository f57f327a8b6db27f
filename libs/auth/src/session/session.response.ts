import { ApiProperty } from '@nestjs/swagger';

/** One login on one device. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '0197a1c0-0000-7000-8000-000000000003' })
  id!: string;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-23T10:00:00.000Z' })
  createdAt!: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'The last login or refresh.',
    example: '2026-11-23T10:15:00.000Z',
  })
  lastUsedAt!: Date;

  @ApiProperty({ type: String, nullable: true, description: 'As of `lastUsedAt`.', example: 'curl/8.5.0' })
  userAgent!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'As of `lastUsedAt`.', example: '203.0.113.7' })
  ip!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'When a refresh was last repeated before its answer was used. The client had lost the answer, or someone else has a copy of its refresh ' +
      'token: whoever does not know of an interruption ends the session.',
    example: null,
  })
  refreshRepeatedAt!: Date | null;

  @ApiProperty({ description: 'Whether this request belongs to it.', example: true })
  current!: boolean;
}

/** A page of sessions, the newest first. */
export class SessionPageResponse {
  @ApiProperty({ type: [SessionResponse] })
  items!: SessionResponse[];

  @ApiProperty({ type: String, nullable: true, description: 'Leads to older ones; null on the last page.' })
  nextCursor!: string | null;
}
