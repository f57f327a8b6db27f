/** What a refused request is told besides its status. */
interface RefusedRequestOptions {
  /** One sentence for people; without it that of the status. */
  detail?: string;
  headers?: Record<string, string>;
}

/** A refusal by the rules of HTTP, whatever the route is about: it has a status where a domain error has a category. */
export class RefusedRequestError extends Error {
  constructor(
    readonly status: number,
    readonly options: RefusedRequestOptions = {},
  ) {
    super(`Refused with ${status}`);
    this.name = 'RefusedRequestError';
  }
}
