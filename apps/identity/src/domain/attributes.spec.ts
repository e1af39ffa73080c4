import { describe, expect, it } from 'vitest';
import { attributesHeld, attributeValues, isKnownAttribute } from './attributes.js';

const eid = 'https://data.gov.dk/model/core/eid/';
const details = { nationalNumber: '6607811234', firstName: 'Ida Marie', lastName: 'Holm', address: 'Havnegade 1, 5000 Odense C' };
const noon = Date.parse('2026-07-05T12:00:00Z');
const valueOf = (name: string, atMs = noon) => attributeValues(details, [name], atMs)[0]?.value;

describe('the attributes of a citizen', () => {
  it('are derived from what was registered', () => {
    expect(valueOf(`${eid}fullName`)).toBe('Ida Marie Holm');
    expect(valueOf(`${eid}cprNumber`)).toBe('6607811234');
    expect(valueOf(`${eid}dateOfBirth`)).toBe('1981-07-06');
    expect(valueOf('https://data.gov.dk/model/core/address')).toBe('Havnegade 1, 5000 Odense C');
  });

  it('count a year more from midnight of the birthday in Denmark', () => {
    expect(valueOf(`${eid}age`, Date.parse('2026-07-05T21:59:59Z'))).toBe('44');
    expect(valueOf(`${eid}age`, Date.parse('2026-07-05T22:00:00Z'))).toBe('45');
  });

  it('leave out what the citizen has no value for, and say each once, in the order asked', () => {
    const asked = [`${eid}lastName`, `${eid}email`, `${eid}firstName`, `${eid}lastName`, `${eid}professional/cvr`];
    expect(attributeValues(details, asked, noon).map(({ name }) => name)).toEqual([`${eid}lastName`, `${eid}firstName`]);
  });

  it('are named in events only when held', () => {
    expect(attributesHeld(details, noon)).not.toContain(`${eid}email`);
    expect(attributesHeld({ ...details, email: 'ida@example.dk' }, noon)).toContain(`${eid}email`);
  });

  it('are known by the national names and no others', () => {
    expect(isKnownAttribute(`${eid}age`)).toBe(true);
    expect(isKnownAttribute('age')).toBe(false);
    expect(isKnownAttribute('constructor')).toBe(false);
  });
});
