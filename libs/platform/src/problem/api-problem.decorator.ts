import { STATUS_CODES } from 'node:http';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { problemTitleOf, problemTypeOf } from './problem-type.js';
import { ProblemResponse } from './problem.response.js';

/**
 * Documents a problem: `@ApiProblem(409, 'already_subscribed')`, all codes of one status together.
 * What any route can answer (validation, missing token, rate limit, fault) is added to the document by itself.
 */
export function ApiProblem(status: number, ...codes: string[]): MethodDecorator & ClassDecorator {
  return applyDecorators(ApiExtraModels(ProblemResponse), ApiResponse({ status, ...problemResponse(status, codes) }));
}

/** The OpenAPI response object for a status and the codes that come with it. */
export function problemResponse(status: number, codes: string[]) {
  return {
    description: `${STATUS_CODES[status] ?? 'Error'}: ${codes.map((code) => `\`${code}\``).join(', ')}`,
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: getSchemaPath(ProblemResponse) },
            {
              type: 'object',
              properties: {
                type: { type: 'string', enum: codes.map(problemTypeOf) },
                status: { type: 'integer', enum: [status] },
                code: { type: 'string', enum: codes },
              },
            },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: example(status, code) }])),
      },
    },
  };
}

const example = (status: number, code: string) => ({
  type: problemTypeOf(code),
  title: problemTitleOf(code),
  status,
  detail: 'One sentence that says what happened.',
  instance: '/the/path',
  code,
  requestId: '0197a1c0-1111-7000-8000-000000000000',
});
