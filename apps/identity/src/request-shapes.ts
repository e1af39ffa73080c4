import { z } from 'zod';
import { isKnownAttribute } from './domain/attributes.js';

/** Shapes that more than one request has. Descriptions name the rule, never the value. */

export const citizenIdShape = z.string().regex(/^[a-z2-7]{26}$/);

/** One line of what a person is called or where they live; composed the same way however it was typed. */
export const lineShape = (charactersMax: number) => z.string().trim().min(1).max(charactersMax).regex(/^\P{C}+$/u).normalize('NFC');

export const attributesShape = z.array(z.string().max(200).refine(isKnownAttribute, 'is not an attribute of the national vocabulary')).min(1).max(20);

/** Article 6(1) of the GDPR, a to f. */
export const legalBasisShape = z.string().regex(/^https:\/\/w3id\.org\/dpv\/legal\/eu\/gdpr#A6-1-[a-f]$/);

/** A term of the DPV or a national code in words. Case references and other free text have no place in an event. */
export const purposeShape = z.string().max(100).regex(/^(https:\/\/w3id\.org\/dpv#[A-Za-z]+|[a-z]+([.:-][a-z]+)*)$/);

export const emptyOr = <Value>(shape: z.ZodType<Value>) => z.union([z.literal('').transform(() => undefined), shape]);
