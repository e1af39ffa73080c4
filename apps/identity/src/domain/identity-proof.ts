import { AssuranceLevel, type IdentityProofProposed } from '@tillid/contracts/identity/v1/events';
import type { CitizenEvent } from './identity.messages.js';
import { refuse } from './identity.refusals.js';

/** What an official saw. */
export interface IdentityProof {
  readonly proofId: string;
  readonly level: AssuranceLevel;
  readonly evidenceKind: string;
}

/** How surely it is known who a citizen is: the part of the citizen that proofs are about. */
export interface Proved {
  readonly level: AssuranceLevel;
  /** Seen by one official; high needs another one. At most one per kind of evidence. */
  readonly proposals: readonly (IdentityProof & { readonly proposedBy: string })[];
}

export const evidenceKinds = ['passport', 'driving_licence', 'personal_attendance', 'residence_permit', 'known_in_person'] as const;

/** Up to substantial one official is enough. High is proposed by one and proved by another, who saw the same evidence. */
export function proveIdentity(proof: IdentityProof & { readonly citizenId: string; readonly officialId: string }, state: Proved): CitizenEvent {
  const { citizenId, proofId, level, evidenceKind, officialId } = proof;
  if (level <= state.level) throw refuse('identity.level_not_higher');
  if (level !== AssuranceLevel.HIGH) return { type: 'IdentityProved', citizenId, proofId, level, evidenceKind, provedBy: officialId, proposedBy: '' };
  const proposal = state.proposals.find((open) => open.evidenceKind === evidenceKind && open.level === level);
  if (!proposal) return { type: 'IdentityProofProposed', citizenId, proofId, level, evidenceKind, proposedBy: officialId };
  if (proposal.proposedBy === officialId) throw refuse('identity.same_official');
  return { type: 'IdentityProved', citizenId, proofId: proposal.proofId, level, evidenceKind, provedBy: officialId, proposedBy: proposal.proposedBy };
}

export function withProposal<State extends Proved>(state: State, { proofId, level, evidenceKind, proposedBy }: IdentityProofProposed): State {
  const others = state.proposals.filter((open) => open.evidenceKind !== evidenceKind || open.level !== level);
  return { ...state, proposals: [...others, { proofId, level, evidenceKind, proposedBy }] };
}

/** Proposals of a level that is reached have nothing left to add. */
export function withoutProposals<State extends Proved>(state: State, level: AssuranceLevel): State {
  return { ...state, level, proposals: state.proposals.filter((open) => open.level > level) };
}
