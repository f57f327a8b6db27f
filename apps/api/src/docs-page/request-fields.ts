import { BODY_VALUES, type KnownValues, valueNameOf } from './known-values.js';
import type { ImmutableMap, PathMethod, SwaggerSystem } from './swagger-ui.js';

/** The security scheme of the description. */
const BEARER = 'bearer';

/** The fields of all operations' requests: what stands in them before anyone types. */
export class RequestFields {
  constructor(private readonly system: SwaggerSystem) {}

  /** Gives each operation that takes an `Idempotency-Key` one of its own. */
  fillKeys(): void {
    this.forEachOperation((operation) => this.renewKey(operation));
  }

  /** Puts values into all fields that take them, and authorizes with a new access token. */
  fill(values: Partial<KnownValues>): void {
    if (values.accessToken !== undefined) this.authorize(values.accessToken);
    if (Object.keys(values).length === 0) return;
    this.forEachOperation((operation, details) => {
      this.fillParameters(operation, (name) => {
        const value = valueNameOf(operation[0], name);
        return value === null ? undefined : values[value];
      });
      this.fillBody(operation, BODY_VALUES[details.get('operationId') as string] ?? [], values);
    });
  }

  /** Has the next request be another one: a new key, and a stream from its beginning. */
  startAnew(operation: PathMethod): void {
    this.renewKey(operation);
    this.fillParameters(operation, (name) => (name === 'Last-Event-ID' ? '' : undefined));
  }

  /** Has the next request go on with the stream behind this event: under the same key. */
  goOnBehind(operation: PathMethod, eventId: string): void {
    this.fillParameters(operation, (name) => (name === 'Last-Event-ID' ? eventId : undefined));
  }

  private renewKey(operation: PathMethod): void {
    this.fillParameters(operation, (name) => (name === 'Idempotency-Key' ? newKey() : undefined));
  }

  /** @param valueOf undefined: leave the field as it is */
  private fillParameters(operation: PathMethod, valueOf: (name: string) => string | undefined): void {
    const parameters = this.system.specSelectors
      .specJsonWithResolvedSubtrees()
      .getIn(['paths', ...operation, 'parameters']) as ImmutableMap | undefined;
    parameters?.forEach((parameter) => {
      const value = valueOf(parameter.get('name') as string);
      if (value === undefined) return;
      // Swagger UI has null where a field is empty.
      this.system.specActions.changeParamByIdentity(operation, parameter, value || null);
    });
  }

  private fillBody(operation: PathMethod, names: (keyof KnownValues)[], values: Partial<KnownValues>): void {
    const changes = names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]] as const]));
    if (changes.length === 0) return;
    const body = {
      ...objectOf(this.system.oas3Selectors.requestBodyValue(...operation)),
      ...Object.fromEntries(changes),
    };
    // Without it Swagger UI puts the example back when the operation is opened.
    this.system.oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod: operation });
    this.system.oas3Actions.setRequestBodyValue({ value: JSON.stringify(body, null, 2), pathMethod: operation });
  }

  /** @param token empty: the session has ended */
  private authorize(token: string): void {
    if (token === '') {
      this.system.authActions.logoutWithPersistOption([BEARER]);
    } else {
      const schema = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' };
      this.system.authActions.authorizeWithPersistOption({ [BEARER]: { name: BEARER, schema, value: token } });
    }
  }

  private forEachOperation(visit: (operation: PathMethod, details: ImmutableMap) => void): void {
    const paths = this.system.specSelectors.specJsonWithResolvedSubtrees().get('paths') as ImmutableMap | undefined;
    paths?.forEach((methods, path) => methods.forEach((details, method) => visit([path, method], details)));
  }
}

/** Not `randomUUID`, which browsers have on secure origins alone. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** What was typed, as far as it is an object in JSON. */
function objectOf(text: unknown): object {
  try {
    return JSON.parse(String(text)) as object;
  } catch {
    return {};
  }
}
