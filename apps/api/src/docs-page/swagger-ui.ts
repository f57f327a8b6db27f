/** A value of the library Immutable, in which Swagger UI holds its state. */
export interface ImmutableMap {
  get(key: string): unknown;
  getIn(path: readonly string[]): unknown;
  forEach(visit: (value: ImmutableMap, key: string) => void): void;
}

/** An operation by its path and its method, as Swagger UI names it. */
export type PathMethod = readonly [path: string, method: string];

/** What Swagger UI makes of a request before it is sent; see `swagger-ui/src/core/plugins/spec/actions.js`. */
export interface OperationRequest {
  pathName: string;
  method: string;
  operation: ImmutableMap;
  /** Sends the request in the place of the browser's `fetch`. */
  userFetch?: (url: string, request: RequestInit) => Promise<Response>;
}

/** Something that React renders. */
export type ReactElement = object;

/** The part of Swagger UI's system that the plugin uses. */
export interface SwaggerSystem {
  React: { createElement: (type: unknown, props: object | null, ...children: unknown[]) => ReactElement };
  specSelectors: { specJsonWithResolvedSubtrees(): ImmutableMap };
  specActions: {
    changeParamByIdentity(operation: PathMethod, parameter: ImmutableMap, value: string | null): void;
    setResponse(path: string, method: string, response: object): void;
  };
  oas3Selectors: { requestBodyValue(path: string, method: string): unknown };
  oas3Actions: {
    setRequestBodyValue(change: { value: string; pathMethod: PathMethod }): void;
    setRetainRequestBodyValueFlag(change: { value: boolean; pathMethod: PathMethod }): void;
  };
  authActions: {
    authorizeWithPersistOption(schemes: Record<string, object>): void;
    logoutWithPersistOption(schemes: string[]): void;
  };
}

/** What Swagger UI gives to the component that shows the answer of an operation. */
export interface AnswerProps {
  path: string;
  method: string;
  response: ImmutableMap;
}
