import type { FastifyRequest } from 'fastify';
import qs from 'qs';
import type { Metadata } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';

const METADATA_LIMITS = { keys: 50, key: 40, value: 500 };

/** A request's form and query with their bracketed names read as a tree. */
export function decodeForm({ query, body }: FastifyRequest): Record<string, unknown> {
  const flat = { ...(query as Record<string, string>), ...(body as Record<string, string> | undefined) };
  return qs.parse(flat, { depth: 8, arrayLimit: 100, parameterLimit: 1000 });
}

/** The parameters of a call. Every one has to be read: one that is left unread is refused as unknown, as Stripe does. */
export class Params {
  private readonly unread: Set<string>;

  private constructor(
    private readonly values: Record<string, unknown>,
    private readonly prefix = '',
  ) {
    this.unread = new Set(Object.keys(values));
  }

  /** @throws StripeApiError for a parameter that is missing, malformed or unknown */
  static read<T>(values: Record<string, unknown>, reader: (params: Params) => T): T {
    return Params.complete(new Params(values), reader);
  }

  private static complete<T>(params: Params, reader: (params: Params) => T): T {
    const result = reader(params);
    const [unknown] = params.unread;
    if (unknown === undefined) return result;
    const name = params.nameOf(unknown);
    throw invalid(
      `Received unknown parameter: ${name} (or one that the sandbox does not model)`,
      name,
      'parameter_unknown',
    );
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  /** Whether it was sent in brackets, `name[key]=`. */
  isHash(name: string): boolean {
    return typeof this.values[name] === 'object';
  }

  string(name: string): string | undefined {
    const value = this.emptyable(name);
    if (value !== null) return value;
    const param = this.nameOf(name);
    throw invalid(`You passed an empty string for '${param}'.`, param, 'parameter_invalid_empty');
  }

  /** Like `string`, but the empty string unsets: null. */
  emptyable(name: string): string | null | undefined {
    const value = this.take(name);
    if (value === undefined || value === null) return value;
    if (typeof value !== 'string') throw invalid(`Invalid string: ${JSON.stringify(value)}`, this.nameOf(name));
    return value === '' ? null : value;
  }

  required(name: string): string {
    return this.string(name) ?? this.missing(name);
  }

  missing(name: string): never {
    const param = this.nameOf(name);
    throw invalid(`Missing required param: ${param}.`, param, 'parameter_missing');
  }

  integer(name: string): number | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value))
      throw invalid(`Invalid integer: ${value}`, this.nameOf(name), 'parameter_invalid_integer');
    return Number(value);
  }

  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') throw invalid(`Invalid boolean: ${value}`, this.nameOf(name));
    return value === 'true';
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    const match = allowed.find((word) => word === value);
    if (match !== undefined) return match;
    throw invalid(`Invalid ${this.nameOf(name)}: must be one of ${allowed.join(', ')}`, this.nameOf(name));
  }

  url(name: string): string | undefined {
    const value = this.string(name);
    if (value === undefined || (/^https?:\/\//.test(value) && URL.canParse(value))) return value;
    throw invalid('Not a valid URL', this.nameOf(name), 'url_invalid');
  }

  /** A nested hash. */
  hash<T>(name: string, reader: (params: Params) => T): T | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid('Invalid object', this.nameOf(name));
    }
    return Params.complete(new Params(value as Record<string, unknown>, this.nameOf(name)), reader);
  }

  /** A nested array of hashes. */
  hashes<T>(name: string, reader: (params: Params) => T): T[] | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw invalid('Invalid array', this.nameOf(name));
    return value.map((element: unknown, index) =>
      Params.complete(new Params(element as Record<string, unknown>, `${this.nameOf(name)}[${index}]`), reader),
    );
  }

  strings(name: string): string[] | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((element) => typeof element === 'string')) {
      throw invalid('Invalid array', this.nameOf(name));
    }
    return value;
  }

  /** Metadata; keys with an empty value are left out. */
  metadata(name: string): Metadata | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (value === '') return {};
    const entries = Object.entries(value as Metadata).filter(([, text]) => text !== '');
    const { keys, key, value: length } = METADATA_LIMITS;
    const isTooBig = entries.some(
      ([word, text]) => word.length > key || typeof text !== 'string' || text.length > length,
    );
    if (entries.length > keys || isTooBig) {
      throw invalid(
        `Metadata takes ${keys} keys of up to ${key} characters with values of up to ${length} characters.`,
        this.nameOf(name),
      );
    }
    return Object.fromEntries(entries);
  }

  private take(name: string): unknown {
    this.unread.delete(name);
    return this.values[name];
  }

  private nameOf(name: string): string {
    return this.prefix === '' ? name : `${this.prefix}[${name}]`;
  }
}
