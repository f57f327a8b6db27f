import { ApiProperty, PickType } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { HasNoNul, WellFormed } from '../text/text.decorators.js';

/** A message to send. How long it may be follows from the sender's plan, so what accepts it decides that. */
export class SendMessageRequest {
  @ApiProperty({
    description:
      'The text. Not blank, and without the NUL character, which PostgreSQL cannot store. How many characters (Unicode ' +
      'code points) it may have depends on your plan; `validation_failed` says how many.',
    minLength: 1,
    example: 'Why is the sky blue?',
  })
  @WellFormed()
  @IsString()
  @Matches(/\S/, { message: 'content must hold more than white space' })
  @HasNoNul()
  content!: string;
}

/** The text that takes the place of a message's. */
export class EditMessageRequest extends PickType(SendMessageRequest, ['content']) {}
