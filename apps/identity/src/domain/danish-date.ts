/** Birthdays begin at midnight in Denmark, not in Greenwich. */
const danish = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Copenhagen', year: 'numeric', month: '2-digit', day: '2-digit' });

/** ISO date in Denmark at an instant. */
export function danishDate(atMs: number): string {
  return danish.format(atMs);
}
