import { STATUS_CODES } from 'node:http';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { FieldProblem } from './field-problem.response.js';
import { problemTitleOf, problemTypeOf } from './problem-type.js';

/**
 * Documents a problem: `@ApiProblem(409, 'already_subscribed')`, all codes of one status together.
 * What any route can answer (validation, missing token, rate limit, fault) is added to the document by itself.
 */
export function ApiProblem(status: number, ...codes: string[]): MethodDecorator & ClassDecorator {
  return applyDecorators(ApiExtraModels(FieldProblem), ApiResponse({ status, ...problemResponse(status, codes) }));
}

/** The OpenAPI response object for a status and the codes that come with it. */
export function problemResponse(status: number, codes: string[]) {
  return {
    description: `${STATUS_CODES[status] ?? 'Error'}: ${codes.map((code) => `\`${code}\``).join(', ')}`,
    content: {
      'application/problem+json': {
        schema: problemSchema(status, codes),
        examples: Object.fromEntries(codes.map((code) => [code, { value: example(status, code) }])),
      },
    },
  };
}

/**
 * The body (RFC 9457) of a status with these codes. Each set of codes has a flat schema of its own, which the document names by its
 * title: generators lose what stands in an `allOf`, and with it the codes. `type` and `status` are no enums, of which
 * generators would make classes that say nothing.
 */
function problemSchema(status: number, codes: string[]) {
  return {
    title: `${codes.map(pascalCase).join('Or')}Problem`,
    type: 'object',
    properties: {
      type: {
        type: 'string',
        format: 'uri-reference',
        pattern: `^${problemTypeOf(codes.length === 1 ? codes[0]! : `(?:${codes.join('|')})`)}$`,
        description: 'A page of this API that explains the code to people.',
      },
      title: { type: 'string', description: 'The same for all problems of a code.' },
      status: { type: 'integer', minimum: status, maximum: status, description: 'The HTTP status.' },
      detail: { type: 'string', description: 'What happened, for people.' },
      instance: { type: 'string', description: 'The path that was asked for.' },
      code: { type: 'string', enum: codes, description: 'What happened, for programs. Codes may be added.' },
      requestId: { type: 'string', description: 'The `X-Request-Id` of this response.' },
      ...(codes.includes('validation_failed') ? { errors: FIELD_PROBLEMS } : {}),
    },
    required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  };
}

const FIELD_PROBLEMS = {
  type: 'array',
  items: { $ref: getSchemaPath(FieldProblem) },
  description: 'With `validation_failed`: everything that is wrong.',
};

const pascalCase = (code: string) => code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

const example = (status: number, code: string) => ({
  type: problemTypeOf(code),
  title: problemTitleOf(code),
  status,
  detail: 'One sentence that says what happened.',
  instance: '/the/path',
  code,
  requestId: '0197a1c0-1111-7000-8000-000000000000',
});
