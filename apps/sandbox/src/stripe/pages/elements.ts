import { type Html, html } from '../../html.js';

/** A button that does something on the server. */
export const button = (id: string, action: string, label: string, isMain = false): Html =>
  html`<form method="post" action="${action}">
    <button id="${id}" class="${isMain && 'main'}">${label}</button>
  </form>`;

/** A button that only leads somewhere. */
export const link = (id: string, href: string, label: string): Html =>
  html`<a id="${id}" class="button" href="${href}">${label}</a>`;

/** An amount of a currency's smallest unit, as a person reads it. */
export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100);

/** A day of Unix seconds, as a person reads it. */
export const day = (instant: number): string =>
  new Date(instant * 1000).toLocaleDateString('en', { dateStyle: 'long', timeZone: 'UTC' });
