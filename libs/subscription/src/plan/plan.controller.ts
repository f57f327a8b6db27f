import { type AuthenticatedUser, CurrentUser, Public } from '@app/auth';
import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { INTERVALS, type Plan, PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { ModelsResponse, type PlanResponse, PlansResponse } from './plan.response.js';
import { PlanStore } from './plan.store.js';

/** What is on offer: plans, and models. */
@ApiTags('Plans')
@Controller()
export class PlanController {
  constructor(
    private readonly catalogue: PlanCatalogue,
    private readonly plans: PlanStore,
  ) {}

  /** All plans, for whoever is choosing one. */
  @Get('plans')
  @Public()
  @ApiOperation({
    operationId: 'listPlans',
    summary: 'Plans on offer',
    description: 'What each allows, and how it can be paid.',
  })
  @ApiOkResponse({ type: PlansResponse })
  listPlans(): PlansResponse {
    return { items: this.catalogue.plans.map(toPlanResponse) };
  }

  /** All models, and which the caller's plan has. A model that no plan has is not on offer. */
  @Get('models')
  @ApiBearerAuth()
  @ApiOperation({
    operationId: 'listModels',
    summary: 'Models on offer',
    description: "Each with the plans that have it, and whether your plan does. A room's `model` is one of these.",
  })
  @ApiOkResponse({ type: ModelsResponse })
  async listModels(@CurrentUser() { userId }: AuthenticatedUser): Promise<ModelsResponse> {
    const own = await this.plans.planOf(userId);
    const items = this.catalogue.models.flatMap(({ name, label, files }) => {
      const plans = this.catalogue.plansWith(name);
      const available = plans.includes(own);
      const [first] = available ? [own] : plans;
      if (first === undefined) return [];
      const { maxOutputTokens } = first;
      const isDefault = own.defaultModel === name;
      return {
        name,
        label,
        available,
        default: isDefault,
        maxOutputTokens,
        files,
        plans: plans.map((plan) => plan.name),
      };
    });
    return { items };
  }
}

const toPlanResponse = ({ name, label, dailyMessages, models, prices }: Plan): PlanResponse => ({
  plan: name,
  label,
  dailyMessages,
  models,
  prices: INTERVALS.filter((interval) => prices[interval] !== undefined).map((interval) => ({ interval })),
});
