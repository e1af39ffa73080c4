import { describe, expect, it } from 'vitest';
import { passwordTooWeak } from './password.js';
import { userIdFrom } from './user-id.js';

describe('a user id', () => {
  it.each([
    ['Karen.Hansen', 'karen.hansen'],
    [' søren@home ', 'søren@home'],
    ['s\u006f\u0308ren', 's\u00f6ren'],
  ])('%j is one', (typed, kept) => expect(userIdFrom(typed)).toBe(kept));
  it.each(['kaj', 'a'.repeat(49), 'with space', 'semi;colon', '', '6101701234', '610170-1234'])('%j is none', (typed) => expect(userIdFrom(typed)).toBeUndefined());
});

describe('a password', () => {
  it.each(['korrekt hest batteri', 'Hvid-kanin-42-måne', 'x'.repeat(3) + 'qF9!mPz#Lw', 'æøåÆØÅ-blomst-7'])('%j will do', (password) => expect(passwordTooWeak(password, 'karen.hansen')).toBe(false));
  it.each([
    ['too short', 'kort-9tgn'],
    ['too long', 'Ab1-'.repeat(33)],
    ['the commonest', '1234567890'],
    ['a word with a year', 'Sommer2026!!'],
    ['one thing again and again', 'abcabcabcabc'],
    ['one character', 'zzzzzzzzzzzz'],
    ['straight up', 'cdefghijklm'],
    ['straight down', '9876543210'],
    ['holds the user id', 'min-Karen.Hansen-kode'],
  ])('is refused when it is %s', (_why, password) => expect(passwordTooWeak(password, 'karen.hansen')).toBe(true));
  it('counts characters, not bytes', () => expect(passwordTooWeak('🐶🐱🐭🐹🐰🦊🐻🐼🐨', 'karen')).toBe(true));
});
