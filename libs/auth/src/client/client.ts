/** Where a request comes from, as the user sees it in the list of sessions. */
export interface Client {
  /** The address that the configured number of proxies vouches for. */
  ip: string;
  userAgent: string | null;
}
