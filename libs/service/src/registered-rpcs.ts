import type { RegisteredRpc } from './gate/admitted.js';
import { rpcRegistrationOf } from './rpc-controller.js';

const defaultMaxRequestBytes = 64 * 1024;

/** Every rpc of the controllers, bound to its handler. A controller that lacks one does not start. */
export function registeredRpcs(controllers: readonly object[]): RegisteredRpc[] {
  return controllers.flatMap((controller) => {
    const registration = rpcRegistrationOf(controller.constructor);
    if (!registration) throw new Error(`${controller.constructor.name} is no RpcController`);
    const { service, options } = registration;
    return Object.entries(service).map(([name, definition]): RegisteredRpc => {
      const handler: unknown = (controller as Record<string, unknown>)[name];
      if (typeof handler !== 'function') throw new Error(`${controller.constructor.name} has no ${name}`);
      return {
        definition,
        handler: handler.bind(controller) as RegisteredRpc['handler'],
        maxRequestBytes: options.maxRequestBytes?.[name] ?? defaultMaxRequestBytes,
        secretReply: options.secretReplies?.includes(name) ?? false,
      };
    });
  });
}
