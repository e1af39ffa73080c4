import { z } from 'zod';

/**
 * One setting: an environment variable, read once at start. Whoever adds one says what it means and what breaks when it
 * is wrong; docs/config.md is made of these words.
 */
export interface Setting<Value> {
  readonly variable: `TILLID_${string}`;
  /** Parses the text of the variable. */
  readonly schema: z.ZodType<Value, string>;
  readonly meaning: string;
  /** As one would write it in the environment. Absent: the setting is required, unless `optional`. */
  readonly default?: string;
  /** What docs/config.md says instead of a default that differs from machine to machine. */
  readonly documentedDefault?: string;
  readonly breaks: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type ConfigOf<Of extends Settings> = { readonly [Name in keyof Of]: Of[Name] extends Setting<infer Value> ? Value : never };

export function setting<Value>(declaration: Setting<Value>): Setting<Value> {
  return declaration;
}

/** What is wrong with the environment, all of it at once. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';

  constructor(readonly problems: readonly string[]) {
    super(`the environment cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

/**
 * Reads every setting, or throws ConfigRefused with all that is wrong. A TILLID_ variable that no setting knows is
 * refused: a misspelt limit must not silently be the default. Values are never repeated in the message.
 */
export function readConfig<Of extends Settings>(settings: Of, environment: Readonly<Record<string, string | undefined>>): ConfigOf<Of> {
  const problems: string[] = [];
  const known = new Set<string>(Object.values(settings).map(({ variable }) => variable));
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith('TILLID_') && !known.has(variable)) problems.push(`${variable} is not a setting of this program`);
  }
  const config: Record<string, unknown> = {};
  for (const [name, { variable, schema, default: fallback }] of Object.entries(settings)) {
    const text = environment[variable] ?? fallback;
    if (text === undefined && schema.isOptional()) continue;
    if (text === undefined) {
      problems.push(`${variable} is missing`);
      continue;
    }
    const parsed = schema.safeParse(text);
    if (parsed.success) config[name] = parsed.data;
    else problems.push(`${variable}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
  }
  if (problems.length > 0) throw new ConfigRefused(problems);
  return config as ConfigOf<Of>;
}

/** The rows of docs/config.md for one program. */
export function configRows(settings: Settings): string {
  const rows = Object.values(settings).map(({ variable, meaning, default: fallback, documentedDefault, schema, breaks }) => {
    const shown = documentedDefault ?? (fallback === undefined ? (schema.isOptional() ? 'unset' : '*required*') : `\`${fallback}\``);
    return `| \`${variable}\` | ${meaning} | ${shown} | ${breaks} |`;
  });
  return ['| variable | meaning | default | what breaks |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}
