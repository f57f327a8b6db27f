import { Public } from '@app/auth';
import { PathName } from '@app/platform';
import { Controller, Get, Header, NotFoundException } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import { PROBLEM_TYPES } from './problem-types.js';
import { problemListPage, problemPage } from './problem.page.js';

const HTML = 'text/html; charset=utf-8';

/** The pages that the `type` of each problem leads to (RFC 9457, section 3.1.1). For people, so they take any query. */
@ApiExcludeController()
@Public()
@Controller('problems')
export class ProblemController {
  /** All problems. */
  @Get()
  @RouteConfig({ page: true, servesInMaintenance: true })
  @Header('Content-Type', HTML)
  list(): string {
    return problemListPage();
  }

  /** What one code means. */
  @Get(':code')
  @RouteConfig({ page: true, servesInMaintenance: true })
  @Header('Content-Type', HTML)
  show(@PathName('code') code: string): string {
    const type = PROBLEM_TYPES.get(code);
    if (type === undefined) throw new NotFoundException();
    return problemPage(code, type);
  }
}
