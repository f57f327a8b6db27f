import { Body, Controller, Delete, Get, HttpCode, Param, ParseIntPipe, Post, Query } from '@nestjs/common';
import { JournalQuery, RuleRequest } from './gemini-control.request.js';
import { GeminiJournal, type JournalEntry } from './gemini.journal.js';
import { GeminiScript, type Rule } from './gemini.script.js';

/** The control API of the stand-in: its script and its journal. */
@Controller('control/gemini')
export class GeminiControlController {
  constructor(
    private readonly script: GeminiScript,
    private readonly journal: GeminiJournal,
  ) {}

  @Delete()
  @HttpCode(204)
  reset(): void {
    this.script.clear();
    this.journal.clear();
  }

  @Post('rules')
  addRule(@Body() { match, behaviours, times }: RuleRequest): Rule {
    return this.script.add(match, behaviours, times);
  }

  @Get('rules')
  listRules(): { items: readonly Rule[] } {
    return { items: this.script.list() };
  }

  @Delete('rules/:id')
  @HttpCode(204)
  removeRule(@Param('id', ParseIntPipe) id: number): void {
    this.script.remove(id);
  }

  @Delete('rules')
  @HttpCode(204)
  clearRules(): void {
    this.script.clear();
  }

  @Get('requests')
  listRequests(@Query() { outcome, ...match }: JournalQuery): { count: number; items: JournalEntry[] } {
    const items = this.journal.list(match, outcome);
    return { count: items.length, items };
  }

  @Delete('requests')
  @HttpCode(204)
  clearRequests(): void {
    this.journal.clear();
  }
}
