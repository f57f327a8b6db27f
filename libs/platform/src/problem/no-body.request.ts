/** The body of a request that says everything by its address: none, or `{}`. */
export class NoBodyRequest {}
