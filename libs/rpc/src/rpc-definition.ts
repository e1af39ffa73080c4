/** What ts-proto writes for one rpc. `any` lets every message in; types come back through RequestOf and ReplyOf. */
/* oxlint-disable typescript/no-explicit-any */
export interface RpcDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: any) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => any;
  readonly responseSerialize: (value: any) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => any;
}
/* oxlint-enable typescript/no-explicit-any */

/** `ConsentServiceService` of a generated `.../service` file. */
export type ServiceDefinition = Readonly<Record<string, RpcDefinition>>;
export type RequestOf<Rpc extends RpcDefinition> = ReturnType<Rpc['requestDeserialize']>;
export type ReplyOf<Rpc extends RpcDefinition> = ReturnType<Rpc['responseDeserialize']>;
