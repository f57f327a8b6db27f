import { Body, Delete, Get, HttpCode, Patch, Post, Put, Query } from '@nestjs/common';
import { StripeState } from '../account/stripe-state.js';
import { ApiFaults } from '../http/api-faults.js';
import { Journal } from '../http/journal.js';
import { ControlController } from './control.decorator.js';
import { AvailabilityRequest, FaultRequest, RequestsQuery, SettingsRequest } from './service.request.js';
import { StripeSandbox } from './stripe-sandbox.js';

/** The service itself: faults, availability, journal and settings. */
@ControlController()
export class ServiceControlController {
  constructor(
    private readonly sandbox: StripeSandbox,
    private readonly state: StripeState,
    private readonly faults: ApiFaults,
    private readonly journal: Journal,
  ) {}

  @Post('faults')
  @HttpCode(200)
  addFault(@Body() request: FaultRequest) {
    return this.faults.add({
      kind: request.kind,
      status: request.status ?? 500,
      delayMs: request.delayMs ?? 0,
      times: request.times === undefined ? 1 : request.times,
      method: request.method ?? null,
      path: request.path ?? null,
      param: request.param ?? null,
      saved: request.saved ?? false,
    });
  }

  @Delete('faults')
  @HttpCode(204)
  clearFaults(): void {
    this.faults.clear();
  }

  @Put('availability')
  setAvailability(@Body() { mode }: AvailabilityRequest) {
    this.faults.setAvailability(mode);
    return { mode };
  }

  @Get('requests')
  listRequests(@Query() { method, path }: RequestsQuery) {
    const matching = this.journal
      .list()
      .filter((entry) => entry.method === (method ?? entry.method) && entry.path.startsWith(path ?? ''));
    return { requests: matching };
  }

  @Patch('settings')
  changeSettings(@Body() request: SettingsRequest) {
    const given = Object.entries(request).filter(([, value]) => value !== undefined);
    this.state.settings = { ...this.state.settings, ...Object.fromEntries(given) };
    return this.state.settings;
  }

  @Post('reset')
  @HttpCode(204)
  reset(): void {
    this.sandbox.reset();
  }
}
