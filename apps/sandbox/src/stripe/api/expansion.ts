import { Injectable } from '@nestjs/common';
import type { WireObject } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';
import { ObjectFinder } from '../wire/object-finder.js';

const MAX_DEPTH = 4;

/** Carries out `expand[]`: puts whole objects where an answer would only name them. */
@Injectable()
export class Expansion {
  constructor(private readonly finder: ObjectFinder) {}

  /** @throws StripeApiError for a property that can't be expanded */
  expand(answer: WireObject, paths: readonly string[]): WireObject {
    for (const path of paths) {
      const names = path.split('.');
      if (names.length > MAX_DEPTH) {
        throw invalid(`You cannot expand more than ${MAX_DEPTH} levels of a property. Property: ${path}`, 'expand');
      }
      this.walk(answer, names, path);
    }
    return answer;
  }

  private walk(owner: unknown, [name, ...rest]: string[], path: string): void {
    if (Array.isArray(owner)) {
      for (const element of owner) this.walk(element, [name ?? '', ...rest], path);
      return;
    }
    if (name === undefined || typeof owner !== 'object' || owner === null) return;
    const object = owner as WireObject;
    object[name] = this.whole(object, name, path);
    this.walk(object[name], rest, path);
  }

  private whole(owner: WireObject, name: string, path: string): unknown {
    const value = owner[name] === undefined ? this.finder.hiddenPart(owner, name) : owner[name];
    if (value === null || (typeof value === 'object' && value !== undefined)) return value;
    const found = typeof value === 'string' && name !== 'id' ? this.finder.find(value) : undefined;
    if (found === undefined) throw invalid(`This property cannot be expanded (${path}).`, 'expand');
    return found;
  }
}
