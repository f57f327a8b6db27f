import { applyDecorators } from '@nestjs/common';
import { IsDefined, IsOptional } from 'class-validator';
import { OUTSIDE_PRODUCTION, PRODUCTION } from './environment.config.js';

/** An environment variable that may be absent in development and tests alone. */
export const RequiredInProduction = (): PropertyDecorator =>
  applyDecorators(
    IsOptional({ groups: [OUTSIDE_PRODUCTION] }),
    IsDefined({ groups: [PRODUCTION], message: '$property is required in production' }),
  );
