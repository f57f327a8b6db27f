import { ApiProperty } from '@nestjs/swagger';

/** The event is stored. */
export class WebhookReceivedResponse {
  @ApiProperty({ type: 'boolean', description: 'Always true.', example: true })
  received!: true;
}
