import { Public, RateLimit } from '@app/auth';
import { ApiProblem, DomainError, HealthService, isReady } from '@app/platform';
import { Controller, Get } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { LivenessResponse, ReadinessResponse } from './health.response.js';

/** What probes and load balancers ask. Which dependency is down stands on the operators' port alone. */
@ApiTags('Operations')
@Public()
@RateLimit('none')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** The process runs; says nothing of what it depends on. */
  @Get('live')
  @RouteConfig({ servesInMaintenance: true })
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Is the process alive?',
    description: 'Looks at no dependency.',
  })
  @ApiOkResponse({ type: LivenessResponse })
  live(): LivenessResponse {
    return { status: 'ok' };
  }

  /** @throws DomainError `not_ready` when traffic should go elsewhere */
  @Get('ready')
  @RouteConfig({ servesInMaintenance: true })
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Should it get traffic?',
    description:
      'Answers at once from what was found in the last seconds. `degraded` is still 200: messages are accepted and answered, if slower. Which dependency is down stands on the port for operators.',
  })
  @ApiOkResponse({ type: ReadinessResponse })
  @ApiProblem(503, 'not_ready', 'shutting_down')
  ready(): ReadinessResponse {
    const { status } = this.health.readiness();
    if (isReady(status)) return { status };
    throw status === 'shutting_down'
      ? new DomainError('shutting_down', 'unavailable', 'This process is shutting down.')
      : new DomainError('not_ready', 'unavailable', 'This process cannot serve right now.');
  }
}
