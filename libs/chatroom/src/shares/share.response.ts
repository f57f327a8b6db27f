import { OpenEnumProperty } from '@app/platform';
import { ApiProperty } from '@nestjs/swagger';
import { MESSAGE_ROLES, type MessageRole } from '../messages/message.row.js';
import { SHARE_TOKEN } from './share-token.js';

/** A link to a conversation, as its owner sees it. */
export class ShareResponse {
  @ApiProperty({
    type: 'string',
    format: 'uri',
    description: 'The link to pass on. Whoever has it reads the conversation, without an account.',
    example: 'https://app.example.com/shared/hK3vQ0t1Jm9xWcYb7dRzE5uLpA2sNf8G',
  })
  url!: string;

  @ApiProperty({
    type: 'string',
    pattern: SHARE_TOKEN,
    description: 'What the link ends with: for `GET /shared/{token}`, and to revoke it.',
    example: 'hK3vQ0t1Jm9xWcYb7dRzE5uLpA2sNf8G',
  })
  token!: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:40:00.000Z' })
  createdAt!: string;
}

/** A page of a room's shares, the newest first. */
export class SharePageResponse {
  @ApiProperty({ type: [ShareResponse] })
  items!: ShareResponse[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Leads to older ones; null on the last page.' })
  nextCursor!: string | null;
}

/** A message of a shared conversation: nothing tells whose it is, and which model has answered. */
export class SharedMessageResponse {
  @OpenEnumProperty({ enum: MESSAGE_ROLES, description: 'Who wrote it.', example: 'bot' })
  role!: MessageRole;

  @ApiProperty({ type: 'string', description: 'The text.', example: 'Because the air scatters blue light the most.' })
  content!: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  createdAt!: string;
}

/** A conversation as it was when its owner shared it. */
export class SharedConversationResponse {
  @ApiProperty({
    type: 'string',
    nullable: true,
    description: "The room's, when it was shared; null if it had none.",
    example: 'Why the sky is blue',
  })
  title!: string | null;

  @ApiProperty({ type: [SharedMessageResponse], description: 'Oldest first.' })
  messages!: SharedMessageResponse[];
}
