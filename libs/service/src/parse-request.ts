import { Refused } from '@tillid/kernel';
import type { z } from 'zod';

/**
 * The request as its schema wants it, or call.malformed with one violation a bad field, named as in the proto
 * (`details.national_number`). Values never come into the message.
 */
export function parseRequest<Parsed>(schema: z.ZodType<Parsed>, request: unknown): Parsed {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 20).map((issue) => ({ field: protoPath(issue.path), description: describe(issue) }));
  throw new Refused('call.malformed', 'invalid', { fields });
}

function protoPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`))
    .join('');
}

/** zod's own words may repeat what was received (an unknown enum value, a key); these do not. */
function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_format':
      return 'has another format';
    case 'custom':
      return issue.message.slice(0, 200);
    default:
      return 'is not allowed';
  }
}
