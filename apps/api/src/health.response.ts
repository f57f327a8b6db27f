import { OpenEnumProperty } from '@app/platform';
import { ApiProperty } from '@nestjs/swagger';

/** The process answers. */
export class LivenessResponse {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** The process wants traffic. */
export class ReadinessResponse {
  @OpenEnumProperty({
    enum: ['ok', 'degraded'],
    description: '`degraded`: it serves, but not at its best.',
    example: 'ok',
  })
  status!: 'ok' | 'degraded';
}
