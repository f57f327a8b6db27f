import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

const MAX_TOKEN_LENGTH = 200;

/** Who wants fresh tokens. */
export class RefreshRequest {
  @ApiProperty({ description: 'The newest one of the session.', maxLength: MAX_TOKEN_LENGTH, example: 'pS1…' })
  @IsString()
  @MaxLength(MAX_TOKEN_LENGTH)
  refreshToken!: string;
}
