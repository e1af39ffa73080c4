import { Refused } from '@tillid/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseRequest } from './parse-request.js';

const schema = z.object({
  details: z.object({ nationalNumber: z.string().regex(/^\d{10}$/), firstName: z.string().min(1).max(10) }),
  kind: z.enum(['relying_service', 'citizen_agent']),
  attributes: z.array(z.string().max(5)).min(1),
});
const violations = (request: unknown) => {
  try {
    parseRequest(schema, request);
  } catch (error) {
    if (error instanceof Refused) return error.details.fields!;
    throw error;
  }
  throw new Error('accepted');
};

describe('a request with bad fields', () => {
  it('is refused naming each as the proto does, without repeating what was sent', () => {
    const fields = violations({ details: { nationalNumber: 'hunter2', firstName: '' }, kind: 'hunter2', attributes: ['ok', 'hunter2'] });
    expect(fields.map(({ field }) => field)).toEqual(['details.national_number', 'details.first_name', 'kind', 'attributes[1]']);
    expect(JSON.stringify(fields)).not.toContain('hunter2');
  });

  it('is refused with twenty of them at most', () => {
    expect(violations({ details: { nationalNumber: '1', firstName: 'x' }, kind: 'citizen_agent', attributes: Array.from({ length: 500 }, () => 'too long') }).length).toBeLessThanOrEqual(20);
  });

  it('is passed on as its schema says otherwise', () => {
    const good = { details: { nationalNumber: '6101611234', firstName: 'Anna' }, kind: 'citizen_agent', attributes: ['a'] };
    expect(parseRequest(schema, { ...good, unknown: 1 })).toEqual(good);
  });
});
