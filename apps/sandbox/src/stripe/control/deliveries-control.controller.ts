import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { WebhookDeliveries } from '../webhooks/webhook-deliveries.js';
import { matchesType } from '../webhooks/matches-type.js';
import { ControlController, existing } from './control.decorator.js';
import { DeliveriesQuery, EndpointsRequest, IdleQuery, PolicyRequest, ReleaseRequest } from './deliveries.request.js';

const IDLE_CHECK_MS = 10;

/** The endpoints of webhooks, and the policy and state of their deliveries. */
@ControlController()
export class DeliveriesControlController {
  constructor(private readonly deliveries: WebhookDeliveries) {}

  @Put('endpoints')
  setEndpoints(@Body() { endpoints }: EndpointsRequest) {
    this.deliveries.setEndpoints(
      endpoints.map(({ url, secrets, payload, types }) => ({
        url,
        secrets,
        payload: payload ?? 'snapshot',
        types: types ?? ['*'],
      })),
    );
    return {
      endpoints: this.deliveries.listEndpoints().map(({ id, url, payload, types }) => ({ id, url, payload, types })),
    };
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
    this.deliveries.setPolicy(policy);
    return policy;
  }

  @Get('deliveries')
  list(@Query() { state, event, type }: DeliveriesQuery) {
    const deliveries = this.deliveries
      .list()
      .filter((delivery) => delivery.state === (state ?? delivery.state))
      .filter((delivery) => delivery.event === (event ?? delivery.event))
      .filter((delivery) => matchesType(type ?? '*', delivery.type));
    return { deliveries };
  }

  @Get('deliveries/idle')
  async idle(@Query() { timeoutMs }: IdleQuery) {
    const deadline = Date.now() + timeoutMs;
    while (!this.deliveries.isIdle() && Date.now() < deadline) await sleep(IDLE_CHECK_MS);
    return { idle: this.deliveries.isIdle() };
  }

  @Post('deliveries/release')
  @HttpCode(200)
  async release(@Body() { ids }: ReleaseRequest) {
    const held = () => this.deliveries.list().filter(({ state }) => state === 'held');
    const deliveries = ids?.map((id) => existing(this.deliveries.find(id), id)) ?? held();
    for (const delivery of deliveries) await this.deliveries.sendOnce(delivery);
    return { deliveries };
  }
}
