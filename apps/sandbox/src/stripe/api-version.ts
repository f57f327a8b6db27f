/** The API version whose shapes the sandbox speaks; the one that the installed `stripe` package pins (a test compares). */
export const API_VERSION = '2026-10-28.endive';
