import { z } from 'zod';

/** "127.0.0.1:7401". */
export const hostAndPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'not host:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'no such port');

export const folder = z.string().min(1, 'empty').max(1000, 'too long');

/** A whole number within bounds: `count(1, 1000)`. */
export function count(least: number, most: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'not a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `not between ${least} and ${most}`);
}

export const httpsUrl = z.string().refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', 'not an https URL');

export const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'not a log level') as z.ZodType<LogLevel, string>;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
