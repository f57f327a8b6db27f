let current = 'gemini-chat';

/** Names this process to the services that it uses, such as PostgreSQL in `pg_stat_activity`. @param role as in `api` */
export function nameProcess(role: string): void {
  current = `gemini-chat-${role}`;
}

/** By what name other services know this process: `gemini-chat-api`. */
export const processName = (): string => current;
