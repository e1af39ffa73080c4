const dayMs = 24 * 60 * 60 * 1000;

/** Runs until stopped. A day that failed is told, and the next one has it to do: certificates are due with a month to go. */
export function renewDaily(renew: () => Promise<unknown>, failed: (error: unknown) => void): { stop(): void } {
  const timer = setInterval(() => void renew().catch(failed), dayMs);
  return { stop: () => clearInterval(timer) };
}
