import { accessRules } from '@tillid/contracts/access';
import { openServices } from './grpc/authorise.js';
import { rpcRegistrationOf } from './rpc-controller.js';

/**
 * What is registered, or ruled, without its other half; empty when all is well. For the test that walks every service:
 * rpcs of the controllers that no access rule covers, rules with nobody in them, and rules that no controller answers.
 */
export function rulesAgainstControllers(controllers: readonly object[], rules: Readonly<Record<string, { readonly callers: readonly string[]; readonly services: readonly string[] }>> = accessRules): readonly string[] {
  const registered = new Set(controllers.flatMap((controller) => Object.values(rpcRegistrationOf(controller)?.service ?? {}).map(({ path }) => path)));
  const problems = [...registered].filter((path) => !rules[path] && !openServices.some((open) => path.startsWith(open))).map((path) => `${path} has no rule`);
  for (const [path, { callers, services }] of Object.entries(rules)) {
    if (callers.length === 0) problems.push(`${path} may be called by nobody`);
    if (callers.includes('service') !== services.length > 0) problems.push(`${path} lets services in without naming them, or names them without letting them in`);
    if (!registered.has(path)) problems.push(`${path} is answered by nobody`);
  }
  return problems;
}
