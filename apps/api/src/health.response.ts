import { ApiProperty } from '@nestjs/swagger';

/** The process answers. */
export class LivenessResponse {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** How each dependency is. */
export class DependenciesResponse {
  @ApiProperty({ enum: ['up', 'down'], example: 'up' })
  postgresql!: 'up' | 'down';

  @ApiProperty({ enum: ['up', 'down'], example: 'up' })
  redis!: 'up' | 'down';
}

/** The process wants traffic. */
export class ReadinessResponse {
  @ApiProperty({ enum: ['ok', 'degraded'], example: 'ok', description: '`degraded`: Redis is down.' })
  status!: 'ok' | 'degraded';

  @ApiProperty({ type: DependenciesResponse })
  checks!: DependenciesResponse;
}
