import { ConsentServiceService, type ListConsentsReply } from '@tillid/contracts/consent/v1/service';
import { Refused } from '@tillid/kernel';
import { z } from 'zod';
import { citizenOf, parseRequest, RpcController, type Call, type Handlers } from '../src/index.js';

const noConsents: ListConsentsReply = { consents: [], nextPageToken: '' };

/** Answers as a spec tells it to; the shell around it is what is tested. */
@RpcController(ConsentServiceService)
export class TestConsentController implements Handlers<typeof ConsentServiceService> {
  readonly seen: Call[] = [];

  registerAgreement = async (request: object, call: Call) => {
    this.seen.push(call);
    parseRequest(z.object({ agreementId: z.string().min(3), receiverId: z.string().min(3) }), request);
    call.wrotePosition('consent/0@7');
    return {};
  };
  requestConsent = async (request: { subject: string }, call: Call) => {
    this.seen.push(call);
    if (request.subject === 'present') await call.requireCitizen();
    if (request.subject === 'slow') await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
    if (request.subject === 'broken') throw new TypeError('cannot read 0101611234 of person@example.org');
    throw new Refused('agreement.unknown', 'not_found');
  };
  grantConsent = async (_request: object, call: Call) => {
    this.seen.push(call);
    return {};
  };
  refuseConsent = () => Promise.resolve({});
  withdrawConsent = () => Promise.resolve({});
  listConsents = async (_request: object, call: Call) => {
    this.seen.push(call);
    return { ...noConsents, nextPageToken: citizenOf(call).subject };
  };
  requestShare = async (_request: object, call: Call) => {
    this.seen.push(call);
    return { shareId: 'share-1' };
  };
  authorizeShare = async () => {
    throw new Refused('share.unknown', 'not_found');
  };
  completeShare = () => Promise.resolve({});
}
