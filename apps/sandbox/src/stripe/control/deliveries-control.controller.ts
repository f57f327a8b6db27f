import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { StripeState } from '../account/stripe-state.js';
import { DeliveryDesk } from '../webhooks/delivery-desk.js';
import { matchesType } from '../webhooks/matches-type.js';
import { ControlController, existing } from './control.decorator.js';
import {
  DeliveriesQuery,
  DropRequest,
  EndpointsRequest,
  IdleQuery,
  PolicyRequest,
  ReleaseRequest,
} from './deliveries.request.js';

const IDLE_CHECK_MS = 10;

/** Webhooks: where they go, and how badly. */
@ControlController()
export class DeliveriesControlController {
  constructor(
    private readonly desk: DeliveryDesk,
    private readonly state: StripeState,
  ) {}

  @Get('endpoints')
  listEndpoints() {
    return { endpoints: this.desk.listEndpoints().map(({ id, url, payload, types }) => ({ id, url, payload, types })) };
  }

  @Put('endpoints')
  setEndpoints(@Body() { endpoints }: EndpointsRequest) {
    this.desk.setEndpoints(
      endpoints.map(({ url, secrets, payload, types }) => ({
        url,
        secrets,
        payload: payload ?? 'snapshot',
        types: types ?? ['*'],
      })),
    );
    return this.listEndpoints();
  }

  @Put('deliveries/policy')
  setPolicy(@Body() { hold, drop, delayMs, copies, types }: PolicyRequest) {
    const delay = delayMs ?? 0;
    const policy = {
      hold: hold ?? false,
      drop: drop ?? null,
      delayMs: typeof delay === 'number' ? ([delay, delay] as const) : delay,
      copies: copies ?? 1,
      types: types ?? ['*'],
    };
    this.desk.setPolicy(policy);
    return policy;
  }

  @Get('deliveries')
  list(@Query() { state, event, type }: DeliveriesQuery) {
    const deliveries = this.desk
      .list()
      .filter((delivery) => delivery.state === (state ?? delivery.state))
      .filter((delivery) => delivery.event === (event ?? delivery.event))
      .filter((delivery) => matchesType(type ?? '*', delivery.type));
    return { deliveries };
  }

  @Get('deliveries/idle')
  async idle(@Query() { timeoutMs }: IdleQuery) {
    const deadline = Date.now() + timeoutMs;
    while (!this.desk.isIdle() && Date.now() < deadline) await sleep(IDLE_CHECK_MS);
    return { idle: this.desk.isIdle() };
  }

  @Post('deliveries/release')
  @HttpCode(200)
  async release(@Body() { ids }: ReleaseRequest) {
    const held = () => this.desk.list().filter(({ state }) => state === 'held');
    const deliveries = ids?.map((id) => existing(this.desk.find(id), id)) ?? held();
    for (const delivery of deliveries) await this.desk.sendOnce(delivery);
    return { deliveries };
  }

  @Post('deliveries/:id/redeliver')
  @HttpCode(200)
  async redeliver(@Param('id') id: string) {
    const delivery = existing(this.desk.find(id), id);
    await this.desk.sendOnce(delivery);
    return delivery;
  }

  @Post('deliveries/:id/drop')
  @HttpCode(200)
  drop(@Param('id') id: string, @Body() { as }: DropRequest) {
    const delivery = existing(this.desk.find(id), id);
    this.desk.drop(delivery, as ?? 'failed');
    return delivery;
  }

  @Post('events/:id/redeliver')
  @HttpCode(200)
  async redeliverEvent(@Param('id') id: string) {
    const event = existing(this.state.events.get(id), id);
    const deliveries = this.desk.ofEvent(event.id);
    for (const delivery of deliveries) await this.desk.sendOnce(delivery);
    return { deliveries };
  }
}
