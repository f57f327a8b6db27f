import { ApiProperty } from '@nestjs/swagger';
import { MessageResponse } from '../messages/message.response.js';

/** A message that was accepted, and the reply that it will get. */
export class AcceptedMessageResponse {
  @ApiProperty({ type: MessageResponse, description: 'The message as it is stored.' })
  message!: MessageResponse;

  @ApiProperty({ type: MessageResponse, description: 'The reply, `queued`.' })
  reply!: MessageResponse;
}

/** A variant of a reply that will be written. */
export class AcceptedReplyResponse {
  @ApiProperty({ type: MessageResponse, description: 'The new variant, `queued`.' })
  reply!: MessageResponse;
}

/** A page of messages. */
export class MessagePageResponse {
  @ApiProperty({ type: [MessageResponse] })
  items!: MessageResponse[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Leads to the next page; null on the last.' })
  nextCursor!: string | null;
}
