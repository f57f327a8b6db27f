import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { MessageResponse } from '../messages/message.response.js';

/** A message that was accepted, and the reply that it will get. */
@ApiSchema({ description: 'The message as it is stored, and the reply that it will get, `queued`.' })
export class AcceptedMessageResponse {
  @ApiProperty({ type: MessageResponse })
  message!: MessageResponse;

  @ApiProperty({ type: MessageResponse })
  reply!: MessageResponse;
}

/** A variant of a reply that will be written. */
@ApiSchema({ description: 'The new variant of the reply, `queued`.' })
export class AcceptedReplyResponse {
  @ApiProperty({ type: MessageResponse })
  reply!: MessageResponse;
}

/** A page of messages. */
export class MessagePageResponse {
  @ApiProperty({ type: [MessageResponse] })
  items!: MessageResponse[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Leads to the next page; null on the last.' })
  nextCursor!: string | null;
}
