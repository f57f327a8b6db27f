import { Get, HttpCode, Param, Post } from '@nestjs/common';
import { Billing } from '../account/billing.js';
import type { InvoiceRecord, WireObject } from '../account/records.js';
import { known, StripeState } from '../account/stripe-state.js';
import { cardDeclined, invalid, noSuch, notFound } from '../account/stripe.errors.js';
import { wireInvoice } from '../wire/invoice.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { listPage, pageRequest } from './list-page.js';
import { Params } from './params.js';

@ApiController('v1/invoices')
export class InvoicesController {
  constructor(
    private readonly state: StripeState,
    private readonly billing: Billing,
  ) {}

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, customer, subscription, status } = Params.read(form, (params) => ({
      page: pageRequest(params),
      customer: params.string('customer'),
      subscription: params.string('subscription'),
      status: params.oneOf('status', ['draft', 'open', 'paid', 'uncollectible', 'void']),
    }));
    if (customer !== undefined && !this.state.customers.has(customer)) throw noSuch('customer', customer, 'customer');
    const matching = [...this.state.invoices.values()].filter(
      (invoice) =>
        invoice.customer === (customer ?? invoice.customer) &&
        invoice.subscription === (subscription ?? invoice.subscription) &&
        invoice.status === (status ?? invoice.status),
    );
    return listPage(matching, page, '/v1/invoices', (invoice) => wireInvoice(this.state, invoice));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    return wireInvoice(this.state, this.find(id));
  }

  @Post(':id/pay')
  @HttpCode(200)
  pay(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    Params.read(form, () => undefined);
    const invoice = this.find(id);
    if (invoice.status === 'paid') throw invalid('Invoice is already paid');
    if (invoice.status !== 'open') throw invalid('This invoice can not be paid: it is not open.');
    if (known(this.state.customers, invoice.customer).cardOutcome === 'declines') throw cardDeclined();
    this.billing.settle(invoice);
    return wireInvoice(this.state, invoice);
  }

  private find(id: string): InvoiceRecord {
    const invoice = this.state.invoices.get(id);
    if (invoice === undefined) throw notFound('invoice', id);
    return invoice;
  }
}
