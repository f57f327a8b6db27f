/** The origins that apps under development usually have (Next.js, Vite, Expo), and the product's own: as variables list them. */
export const LOCAL_ORIGINS = ['3000', '5173', '8081', '{PORT}']
  .flatMap((port) => [`http://localhost:${port}`, `http://127.0.0.1:${port}`])
  .join(',');
