import { z } from 'zod';

/** A setting that may be left out, and is then undefined. */
export function optional<Value>(schema: z.ZodType<Value, string>): z.ZodType<Value | undefined, string> {
  return schema.optional() as z.ZodType<Value | undefined, string>;
}

const everyOne = (schema: z.ZodType) => (text: string) => text.split(',').every((each) => schema.safeParse(each).success);

/** "127.0.0.1:7401". */
export const hostAndPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'not host:port')
  .refine((text) => splitHostAndPort(text).port <= 65_535, 'no such port');

/** Its two halves, the host as sockets want it: "[::1]:7401" is ::1 and 7401. */
export function splitHostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** One host:port, a name that may stand for many machines; or several addresses of replicas, by commas: "10.0.0.1:7401,10.0.0.2:7401". */
export const replicas = z
  .string()
  .refine(everyOne(hostAndPort), 'not host:port, nor several by commas')
  .refine((text) => !text.includes(',') || /^[\d.:,]+$/.test(text), 'several are IPv4 addresses; a name stands alone');

/** Kafka's first brokers, by commas. */
export const brokers = z.string().refine(everyOne(hostAndPort), 'not host:port, nor several by commas');

export const mongoUrl = z.string().regex(/^mongodb(\+srv)?:\/\/\S+$/, 'not a mongodb:// URL');

/** A short name: letters, digits, `.`, `-`. */
export const plainName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/, 'not a plain name of at most 100 characters');

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

export const httpsUrls: z.ZodType<readonly string[], string> = z
  .string()
  .refine(everyOne(httpsUrl), 'not https URLs by commas')
  .transform((text) => text.split(','));

export const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'not a log level') as z.ZodType<LogLevel, string>;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
