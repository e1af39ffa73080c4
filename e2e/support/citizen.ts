import { AuthenticationServiceService } from '@tillid/contracts/authentication/v1/service';
import { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import { newSecret, systemIds } from '@tillid/crypto';
import { readTlsIdentity, rpcClient, rpcCredentials } from '@tillid/rpc';
import type { System } from './system.js';

export interface Letter {
  readonly citizenId: string;
  readonly activationId: string;
  readonly activationCode: string;
}

/** Registers a citizen by hand, as the README says. Sixty is added to the day, so the number belongs to nobody. */
export async function addCitizen(system: System, nationalNumber: string): Promise<Letter> {
  const details = ['--national-number', nationalNumber, '--first-name', 'Anne', '--last-name', 'Jensen', '--address', 'Nørregade 1, 4990 Egebæk', '--email', 'anne@eksempel.dk'];
  const { code, stdout, stderr } = await system.tillid('citizen', 'add', ...details, '--json');
  if (code !== 0) throw new Error(`citizen add ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Letter;
}

/** Uses the letter and signs in to the citizen's own rooms, through the installation's own agent. */
export async function signIn(system: System, letter: Letter): Promise<{ readonly token: string; readonly sessionId: string }> {
  const agent = rpcClient(AuthenticationServiceService, system.running.grpc.authentication, rpcCredentials(readTlsIdentity(system.caller('citizen_agent', 'tillid-agent')), 'authentication'));
  const key = () => ({ idempotencyKey: newSecret(systemIds) });
  const [userId, password] = [`anne-${letter.citizenId.slice(0, 8)}`, newSecret(systemIds).slice(0, 20)];
  try {
    const { card } = await agent.activateKey({ ...key(), activationId: letter.activationId, activationCode: letter.activationCode, userId, password });
    const { signInId, signInSecret, handOver } = await agent.beginSignIn({ ...key(), level: AssuranceLevel.SUBSTANTIAL });
    const { agentSecret } = await agent.takeSignIn({ ...key(), handOver });
    const { codeNumber } = await agent.submitPassword({ ...key(), signInId, agentSecret, userId, password });
    await agent.submitCode({ ...key(), signInId, agentSecret, code: card!.codes.find(({ number }) => number === codeNumber)!.key });
    return await agent.redeemSignIn({ ...key(), signInId, signInSecret });
  } finally {
    agent.close();
  }
}
