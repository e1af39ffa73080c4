// Engines in containers, in a compose project of this launcher's own.
import { join } from 'node:path';
import { afterDeath, Child } from './processes.mjs';

const project = ['compose', '--file', join(import.meta.dirname, 'compose.yaml'), '--project-name', `tillid-engines-${process.pid}`];
const answersWithinMs = 2000;
let answering;

/** Compose is there and an engine answers, both soon: a client without a daemon is no Docker. Asked once. */
export function dockerAnswers() {
  return (answering ??= Promise.all([answersSoon('compose', 'version'), answersSoon('version', '--format', '{{.Server.Version}}')]).then((answers) => answers.every(Boolean)));
}

async function answersSoon(...args) {
  const child = new Child('docker', args);
  const impatience = setTimeout(() => child.kill('SIGKILL'), answersWithinMs);
  const exit = await child.exit;
  clearTimeout(impatience);
  return exit === 0;
}

/** A service in the foreground: its lines are the child's lines, and the child ends with it. The second time it is the same container. */
export function composeUp(service, variables, onLine) {
  // The client can be killed without the containers noticing.
  afterDeath(['docker', ...project, 'down', '--volumes', '--timeout', '1']);
  return compose(variables, ['up', '--no-log-prefix', '--no-recreate', service], onLine);
}

export async function composeKill(service, variables) {
  await compose(variables, ['kill', '--signal', 'SIGKILL', service]).exit;
}

/** The container, and what it kept. */
export async function composeRemove(service, variables) {
  await compose(variables, ['rm', '--stop', '--force', '--volumes', service]).exit;
}

function compose(variables, args, onLine) {
  return new Child('docker', [...project, ...args], { onLine, env: { ...process.env, ...variables } });
}
