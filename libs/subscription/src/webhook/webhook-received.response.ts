import { ApiProperty } from '@nestjs/swagger';

/** The event is stored. */
export class WebhookReceivedResponse {
  @ApiProperty({ enum: [true], example: true })
  received!: true;
}
