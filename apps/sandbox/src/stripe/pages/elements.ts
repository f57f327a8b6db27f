import { type Html, html } from '../../html.js';

/** A button that posts to the server. */
export const button = (id: string, action: string, label: string, isMain = false): Html =>
  html`<form method="post" action="${action}">
    <button id="${id}" class="${isMain && 'main'}">${label}</button>
  </form>`;

/** A link in the style of a button. */
export const link = (id: string, href: string, label: string): Html =>
  html`<a id="${id}" class="button" href="${href}">${label}</a>`;

/** @param amount in the currency's smallest unit */
export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100);

/** @param instant Unix seconds */
export const day = (instant: number): string =>
  new Date(instant * 1000).toLocaleDateString('en', { dateStyle: 'long', timeZone: 'UTC' });
