/**
 * Nothing personal in logs. The first defence is that nobody logs a request; this is the second. Names are compared
 * without case, `_` and `-`.
 */
const personal = new Set(
  [
    'national_number', 'cpr', 'first_name', 'last_name', 'full_name', 'address', 'email', 'phone', 'ip', 'date_of_birth', 'user_id', 'details',
    'password', 'old_password', 'new_password', 'code', 'codes', 'activation_code', 'card', 'token', 'authorization', 'cookie', 'secret', 'key',
    'private_key', 'sign_in_secret', 'agent_secret', 'device_secret', 'hand_over', 'text', 'value', 'values', 'attributes', 'request', 'reply', 'body', 'case_reference',
  ].map(plain),
);
const maxDepth = 5;
const maxItems = 50;
const maxText = 2000;

/** A copy that may be logged. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value;
  // Bytes can be anything, so they are nothing.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= maxDepth) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => redact(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value).slice(0, maxItems)) {
    copy[name] = personal.has(plain(name)) ? '[redacted]' : redact(field, depth + 1);
  }
  return copy;
}

/** What personal values look like inside a text: tokens, e-mail addresses, national numbers, long runs of digits. */
export function redactText(text: string): string {
  return text
    .slice(0, maxText)
    .replace(/[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g, '[token]')
    .replace(/[^\s@"'<>]+@[^\s@"'<>]+\.[^\s@"'<>]+/g, '[email]')
    .replace(/(?<![\w.:/@-])\d{6}[- ]?\d{4}(?![\w.:-])/g, '[number]');
}

/** Errors quote what they choke on, so only their kind, code, redacted message and stack are kept. */
function redactError(error: Error & { code?: unknown }, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    ...(typeof error.code === 'string' || typeof error.code === 'number' ? { reason: error.code } : {}),
    message: redactText(error.message),
    stack: error.stack
      ?.split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 20)
      .join('\n'),
    ...(error.cause !== undefined && depth < maxDepth ? { cause: redact(error.cause, depth + 1) } : {}),
  };
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}
