import { applyDecorators } from '@nestjs/common';
import { IsInt, Max, Min } from 'class-validator';
import { WholeNumber } from './whole-number.decorator.js';

/** An environment variable that holds a whole number within bounds, written in digits alone. */
export const IntegerVariable = (min: number, max: number): PropertyDecorator =>
  applyDecorators(WholeNumber(), IsInt(), Min(min), Max(max));
