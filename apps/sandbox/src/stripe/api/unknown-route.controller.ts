import { All, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';
import { ApiController } from '../http/api-controller.decorator.js';

const unrecognized = ({ method, url }: FastifyRequest): StripeApiError =>
  new StripeApiError(
    404,
    'invalid_request_error',
    `Unrecognized request URL (${method}: ${url.split('?')[0]}), or one that the sandbox does not model.`,
  );

/** Answers 404 to every other path of the API. */
@ApiController('')
export class UnknownRouteController {
  @All('v1/*')
  first(@Req() request: FastifyRequest): never {
    throw unrecognized(request);
  }

  @All('v2/*')
  second(@Req() request: FastifyRequest): never {
    throw unrecognized(request);
  }
}
