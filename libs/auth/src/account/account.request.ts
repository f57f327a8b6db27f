import { ApiProperty } from '@nestjs/swagger';
import { ValidateIf } from 'class-validator';
import { IsAccountName, MAX_NAME_LENGTH } from './account-name.decorator.js';

/** What a user changes of the account. */
export class UpdateAccountRequest {
  @ApiProperty({
    description: 'Null removes it.',
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    example: 'Ada Lovelace',
  })
  @ValidateIf(({ name }: UpdateAccountRequest) => name !== null)
  @IsAccountName()
  name!: string | null;
}
