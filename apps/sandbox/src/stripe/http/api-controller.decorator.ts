import {
  applyDecorators,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { decodeForm } from './params.js';
import { StripeApiInterceptor } from './stripe-api.interceptor.js';
import { StripeErrorFilter } from './stripe-error.filter.js';

/** A part of Stripe's API: the interceptor checks every call, and errors are answered in Stripe's form. */
export const ApiController = (path: string): ClassDecorator =>
  applyDecorators(Controller(path), UseInterceptors(StripeApiInterceptor), UseFilters(StripeErrorFilter));

/** The call's parameters as a tree. */
export const Form = createParamDecorator((_: unknown, context: ExecutionContext): Record<string, unknown> =>
  decodeForm(context.switchToHttp().getRequest<FastifyRequest>()),
);
