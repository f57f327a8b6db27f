import { ApiProperty } from '@nestjs/swagger';

/** The process answers. */
export class LivenessResponse {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** The process wants traffic. */
export class ReadinessResponse {
  @ApiProperty({ enum: ['ok', 'degraded'], example: 'ok', description: '`degraded`: it serves, but not at its best.' })
  status!: 'ok' | 'degraded';
}
