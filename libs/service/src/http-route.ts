import type { CallerKind } from '@tillid/contracts/access';
import type { Readable } from 'node:stream';
import type { Caller } from './call.js';

/** A route of the service. Who may call it is part of it: there is no route without a rule. */
export interface HttpRoute {
  readonly method: 'GET' | 'HEAD';
  /** As fastify writes it: "/tile/*". */
  readonly path: string;
  /** 'public': anyone, on both listeners. Kinds: only on the mTLS listener, only these. */
  readonly access: 'public' | readonly CallerKind[];
  readonly handle: (request: HttpRequest) => Promise<HttpReply>;
}

export interface HttpRequest {
  readonly path: string;
  /** What the path's placeholders matched; `*` under "*". */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Unknown on the public listener. */
  readonly caller?: Caller;
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}
