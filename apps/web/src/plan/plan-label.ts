/** A plan's key as people read it: `pro` as `Pro`. */
export const planLabel = (plan: string): string => plan.charAt(0).toUpperCase() + plan.slice(1);
