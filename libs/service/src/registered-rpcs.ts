import { accessRules, type AccessRule } from '@tillid/contracts/access';
import type { RegisteredRpc } from './gate/admitted.js';
import { rpcServiceOf } from './rpc-controller.js';

/** Every rpc of the controllers, bound to its handler. A controller that lacks one, or whose rpc has no rule, does not start. */
export function registeredRpcs(controllers: readonly object[], rules: Readonly<Record<string, AccessRule>> = accessRules): RegisteredRpc[] {
  return controllers.flatMap((controller) => {
    const service = rpcServiceOf(controller.constructor);
    if (!service) throw new Error(`${controller.constructor.name} is no RpcController`);
    return Object.entries(service).map(([name, definition]): RegisteredRpc => {
      const handler: unknown = (controller as Record<string, unknown>)[name];
      if (typeof handler !== 'function') throw new Error(`${controller.constructor.name} has no ${name}`);
      if (!rules[definition.path]) throw new Error(`${definition.path} has no access rule in its proto`);
      return { definition, handler: handler.bind(controller) as RegisteredRpc['handler'] };
    });
  });
}
