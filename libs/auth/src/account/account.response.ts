import { ApiProperty } from '@nestjs/swagger';

/** The user's account. */
export class AccountResponse {
  @ApiProperty({ format: 'uuid', example: '0197a1c0-0000-7000-8000-000000000001' })
  id!: string;

  @ApiProperty({ description: 'E.164.', example: '+14155550123' })
  phone!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada' })
  name!: string | null;

  @ApiProperty({ description: 'A key of the catalogue of plans.', example: 'basic' })
  plan!: string;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-23T10:00:00.000Z' })
  createdAt!: Date;
}
