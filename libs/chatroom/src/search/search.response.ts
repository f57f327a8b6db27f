import { ApiProperty } from '@nestjs/swagger';
import { MessageResponse } from '../messages/message.response.js';

/** A message that was found. */
export class SearchHitResponse {
  @ApiProperty({ type: 'string', format: 'uuid', example: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10' })
  chatroomId!: string;

  @ApiProperty({ type: MessageResponse })
  message!: MessageResponse;

  @ApiProperty({
    type: 'string',
    description:
      'About 200 characters of the content around the first of the words. Plain text, exactly as it was written.',
    example: 'Because the air scatters blue light the most, the sky looks blue',
  })
  snippet!: string;
}

/** A page of messages that were found. */
export class SearchPageResponse {
  @ApiProperty({ type: [SearchHitResponse] })
  items!: SearchHitResponse[];

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Leads to older messages, in which there may be no hit; null when there are none.',
  })
  nextCursor!: string | null;
}
