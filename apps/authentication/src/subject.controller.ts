import { SubjectServiceService } from '@tillid/contracts/authentication/v1/service';
import { type Call, type Handlers, RpcController } from '@tillid/service';
import type { LinkSubjectRequest } from '@tillid/contracts/authentication/v1/service';
import { Authentication } from './authentication.js';
import { linkSubject } from './link-subject/link-subject.js';

/** For the services of the installation. */
@RpcController(SubjectServiceService)
export class SubjectController implements Handlers<typeof SubjectServiceService> {
  constructor(private readonly service: Authentication) {}

  readonly linkSubject = (request: LinkSubjectRequest, call: Call) => linkSubject(this.service, request, call);
}
