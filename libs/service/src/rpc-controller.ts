import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import type { ReplyOf, RequestOf, RpcDefinition, ServiceDefinition } from '@tillid/rpc';
import type { Call } from './call.js';

/** A unary rpc answers a promise; a stream is an async iterable, asked for its next message only when the last one has left. */
export type Handler<Rpc extends RpcDefinition> = Rpc['responseStream'] extends true
  ? (request: RequestOf<Rpc>, call: Call) => AsyncIterable<ReplyOf<Rpc>>
  : (request: RequestOf<Rpc>, call: Call) => Promise<ReplyOf<Rpc>>;

/** Every rpc of a service, or it does not compile: `class ConsentController implements Handlers<typeof ConsentServiceService>`. */
export type Handlers<Service extends ServiceDefinition> = { readonly [Name in keyof Service]: Handler<Service[Name]> };

export interface RpcControllerOptions<Service extends ServiceDefinition> {
  /**
   * Rpcs whose reply holds a secret that cannot be made again. The reply is kept, encrypted, in the expiring store for
   * five minutes and repeated to the same caller, key and request; the handler runs once.
   */
  readonly secretReplies?: readonly (keyof Service & string)[];
  /** Requests of these rpcs may be as large as this, in bytes; others 64 KiB. */
  readonly maxRequestBytes?: Readonly<Partial<Record<keyof Service & string, number>>>;
}

export interface RpcRegistration {
  readonly service: ServiceDefinition;
  readonly options: RpcControllerOptions<ServiceDefinition>;
}

const registrationKey = Symbol('tillid:rpc-controller');

/** Marks a class as the handlers of one gRPC service, and as injectable. */
export function RpcController<Service extends ServiceDefinition>(service: Service, options: RpcControllerOptions<Service> = {}) {
  return <Controller extends abstract new (...dependencies: never[]) => Handlers<Service>>(controller: Controller): void => {
    Injectable()(controller);
    const registration: RpcRegistration = { service, options: options as RpcControllerOptions<ServiceDefinition> };
    Reflect.defineMetadata(registrationKey, registration, controller);
  };
}

export function rpcRegistrationOf(controller: object): RpcRegistration | undefined {
  return Reflect.getMetadata(registrationKey, controller) as RpcRegistration | undefined;
}
