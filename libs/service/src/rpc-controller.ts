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

const serviceKey = Symbol('tillid:rpc-controller');

/** Marks a class as the handlers of one gRPC service, and as injectable. */
export function RpcController<Service extends ServiceDefinition>(service: Service) {
  return <Controller extends abstract new (...dependencies: never[]) => Handlers<Service>>(controller: Controller): void => {
    Injectable()(controller);
    Reflect.defineMetadata(serviceKey, service, controller);
  };
}

/** The gRPC service that a class was marked with. */
export function rpcServiceOf(controller: object): ServiceDefinition | undefined {
  return Reflect.getMetadata(serviceKey, controller) as ServiceDefinition | undefined;
}
