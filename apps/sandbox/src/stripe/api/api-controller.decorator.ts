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

/** A part of Stripe's API: every call passes the gate, and every error is worded as Stripe's. */
export const ApiController = (path: string): ClassDecorator =>
  applyDecorators(Controller(path), UseInterceptors(StripeApiInterceptor), UseFilters(StripeErrorFilter));

/** The call's parameters as a tree, without `expand`, which every call takes. */
export const Form = createParamDecorator((_: unknown, context: ExecutionContext): Record<string, unknown> => {
  const form = decodeForm(context.switchToHttp().getRequest<FastifyRequest>());
  delete form['expand'];
  return form;
});
