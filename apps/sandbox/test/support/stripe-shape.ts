import ts from 'typescript';

/** The kinds of objects that can be compared, and the SDK's type of each. */
const types = {
  customer: 'Stripe.Customer',
  deletedCustomer: 'Stripe.DeletedCustomer',
  subscription: 'Stripe.Subscription',
  invoice: 'Stripe.Invoice',
  invoicePayment: 'Stripe.InvoicePayment',
  checkoutSession: 'Stripe.Checkout.Session',
  portalSession: 'Stripe.BillingPortal.Session',
  paymentIntent: 'Stripe.PaymentIntent',
  paymentMethod: 'Stripe.PaymentMethod',
  charge: 'Stripe.Charge',
  event: 'Stripe.EventBase',
  thinEvent: 'Stripe.V2.Core.Event',
} as const;
export type StripeKind = keyof typeof types;

const ROOT = `${import.meta.dirname}/stripe-shape.root.ts`;
/** Sent by Stripe inside complete lists, but missing in the SDK's types. */
const UNTYPED = new Set(['total_count']);

/**
 * Compares JSON with the types that the installed SDK declares: nothing required may be missing, nothing may be there that isn't declared,
 * and every value must be of its type. The types say what the pinned API version sends.
 */
export class StripeShape {
  private readonly checker: ts.TypeChecker;
  private readonly declared: ReadonlyMap<string, ts.Type>;

  constructor() {
    const source = [
      `import type Stripe from 'stripe';`,
      ...Object.entries(types).map(([kind, type]) => `export declare const ${kind}: ${type};`),
    ].join('\n');
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      skipLibCheck: true,
      types: [],
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    host.fileExists = (name) => name === ROOT || fileExists(name);
    host.getSourceFile = (name, languageVersion, ...rest) =>
      name === ROOT
        ? ts.createSourceFile(name, source, languageVersion, true)
        : getSourceFile(name, languageVersion, ...rest);
    const program = ts.createProgram([ROOT], options, host);
    this.checker = program.getTypeChecker();
    const root = program.getSourceFile(ROOT);
    const module = root && this.checker.getSymbolAtLocation(root);
    if (!module) throw new Error('The types of stripe could not be read');
    this.declared = new Map(
      this.checker.getExportsOfModule(module).map((symbol) => [symbol.name, this.checker.getTypeOfSymbol(symbol)]),
    );
  }

  /** @returns what differs, one line each; nothing when the value is of that kind */
  problems(kind: StripeKind, value: unknown): string[] {
    const type = this.declared.get(kind);
    if (!type || type.flags & ts.TypeFlags.Any) throw new Error(`The SDK has no type ${types[kind]}`);
    return this.compare(value, type, kind);
  }

  private compare(value: unknown, type: ts.Type, path: string): string[] {
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return [];
    if (type.isUnion()) return this.compareUnion(value, type.types, path);
    if (type.symbol?.name === 'Decimal') return typeof value === 'string' ? [] : [`${path}: no decimal string`];
    if (this.checker.isArrayType(type)) return this.compareArray(value, type, path);
    if (type.flags & ts.TypeFlags.Object) return this.compareObject(value, type, path);
    return this.isPrimitive(value, type)
      ? []
      : [`${path}: ${JSON.stringify(value)} is no ${this.checker.typeToString(type)}`];
  }

  private compareUnion(value: unknown, members: ts.Type[], path: string): string[] {
    const problems = members.map((member) => this.compare(value, member, path));
    if (problems.some(({ length }) => length === 0)) return [];
    // With no member that fits, the one of the value's own sort with the fewest problems explains most.
    const isObject = typeof value === 'object' && value !== null;
    const ofItsSort = problems.filter(
      (_, index) => isObject === Boolean((members[index]?.flags ?? 0) & ts.TypeFlags.Object),
    );
    const relevant = ofItsSort.length > 0 ? ofItsSort : problems;
    return relevant.reduce((best, next) => (next.length < best.length ? next : best));
  }

  private compareArray(value: unknown, type: ts.Type, path: string): string[] {
    if (!Array.isArray(value)) return [`${path}: no array`];
    const [element] = this.checker.getTypeArguments(type as ts.TypeReference);
    return element ? value.flatMap((item, index) => this.compare(item, element, `${path}[${index}]`)) : [];
  }

  private compareObject(value: unknown, type: ts.Type, path: string): string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: no object`];
    const object = value as Record<string, unknown>;
    const properties = this.checker.getPropertiesOfType(type);
    const known = new Set(properties.map(({ name }) => name));
    const free = this.checker.getIndexTypeOfType(type, ts.IndexKind.String);
    const others = Object.keys(object).filter((key) => !known.has(key) && !UNTYPED.has(key));
    return [
      ...others.flatMap((key) =>
        free ? this.compare(object[key], free, `${path}.${key}`) : [`${path}.${key}: not declared`],
      ),
      ...properties.flatMap((property) => this.compareProperty(object, property, path)),
    ];
  }

  private compareProperty(object: Record<string, unknown>, property: ts.Symbol, path: string): string[] {
    const name = `${path}.${property.name}`;
    const type = this.checker.getTypeOfSymbol(property);
    if (type.getCallSignatures().length > 0) return []; // the SDK's own addition
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    if (!(property.name in object)) return isOptional ? [] : [`${name}: missing`];
    return this.compare(object[property.name], type, name);
  }

  private isPrimitive(value: unknown, type: ts.Type): boolean {
    const { flags } = type;
    if (type.isLiteral()) return value === type.value;
    if (flags & ts.TypeFlags.BooleanLiteral) return String(value) === this.checker.typeToString(type);
    if (flags & ts.TypeFlags.Null) return value === null;
    if (flags & ts.TypeFlags.Number) return typeof value === 'number';
    if (flags & ts.TypeFlags.String) return typeof value === 'string';
    // `string & {}` is how the SDK says "or a word that is new".
    if (type.isIntersection()) return typeof value === 'string';
    return false;
  }
}
