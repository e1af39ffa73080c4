import { type CommandContext, contextForClient, derivedContext } from '@tillid/eventsourcing';
import type { Authentication } from '../authentication.js';
import type { EndReason } from '../domain/authentication.events.js';
import { session } from '../domain/session.decider.js';
import { streams } from '../domain/streams.js';
import { write } from '../log/authentication-log.js';
import { atClient, bySystem } from '../log/envelopes.js';

/**
 * Ends every session of the citizen that stood in the log by `upTo`, wherever it is. Done again after a crash, it finds
 * them ended. A session that starts later is none of this command's: whoever starts it looks at the citizen afterwards.
 */
export async function endSessions({ clock, directory, log }: Pick<Authentication, 'clock' | 'directory' | 'log'>, citizenId: string, reason: EndReason, upTo: number, context: CommandContext): Promise<void> {
  await directory.caughtUp(upTo);
  for await (const { id: sessionId, clientId, expiresAtMs, owner, startedAt } of directory.allSessionsOf(citizenId)) {
    if (startedAt > upTo || expiresAtMs <= clock.nowMs()) continue;
    await log.handle(contextForClient(derivedContext(context, sessionId), clientId), [
      write({
        stream: streams.session(sessionId),
        decider: session,
        command: { type: 'EndSession', sessionId, reason, nowMs: clock.nowMs() },
        envelope: () => atClient(clientId, owner, bySystem),
      }),
    ]);
  }
}
