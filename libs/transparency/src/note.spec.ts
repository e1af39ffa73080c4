import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, openNote, parseCheckpoint, parseNote, parseVkey, noteSigner, signCheckpoint, signNote, vkeyOf } from './index.js';

const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const origin = 'audit.example.gov/log1';
const vkey = 'audit.example.gov/log1+5340bcad+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4';
const root = Buffer.from('kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=', 'base64');
const text = `${origin}\n7\n${root.toString('base64')}\n`;
const logLine = '— audit.example.gov/log1 U0C8raN/QqPHuaqWwLbH7oO5clRIDGcmrYZ/yqRZu5TF/Q1lOSZAq7qXnTHt9JxXpG57EUpyUcBaQjhbX347gKRvUgQ=\n';
const witnessLine = '— witness.example.gov/w1 FzqVGgAAAABlU/EAcSRvp8sQFGRrhJ5yYvY/PnYtUJ6+KIaoWSLh+1mDzP+04Btwnbw4F+wXgbLoQDhu1vEV72cCLqJpWgB33N0XCA==\n';

describe('keys and notes of the specification', () => {
  it('writes the vkey of the log and reads it again', () => {
    expect(vkeyOf(origin, seed)).toBe(vkey);
    expect(parseVkey(`${vkey}\n`)).toMatchObject({ name: origin, keyId: 0x5340bcad });
  });

  it("reads the specification's own vkey", () => {
    expect(parseVkey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k').keyId).toBe(0x530d903a);
  });

  it('signs the checkpoint of the vectors, byte for byte', () => {
    expect(signCheckpoint({ origin, size: 7, root }, [noteSigner(origin, seed)])).toBe(`${text}\n${logLine}`);
  });

  it('opens it with a cosignature it does not know', () => {
    expect(openCheckpoint(`${text}\n${logLine}${witnessLine}`, parseVkey(vkey))).toEqual({ origin, size: 7, root, extensions: [] });
  });

  it('reads back any text it signs, blank lines and all', () => {
    const signer = noteSigner('any/name', seed);
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -~æøå—]*$/), { minLength: 1, maxLength: 6 }), (lines) => {
        const written = `${lines.join('\n')}\n`;
        expect(openNote(Buffer.from(signNote(written, [signer])), [parseVkey(vkeyOf('any/name', seed))]).text).toBe(written);
      }),
    );
  });
});

describe('a note made to deceive', () => {
  const opened = (note: string | Uint8Array) => () => openNote(note, [parseVkey(vkey)]);
  const flipped = logLine.replace('U0C8raN/', 'U0C8raN0');
  it.each([
    ['no signature', text, 'note.no_signature'],
    ['an empty note', '', 'note.no_signature'],
    ['only a blank line after the text', `${text}\n`, 'note.no_signature'],
    ['no newline at the end', `${text}\n${logLine}`.slice(0, -1), 'note.no_signature'],
    ['a changed signature of a known key', `${text}\n${flipped}`, 'note.bad_signature'],
    ['a good and a changed signature of a known key', `${text}\n${logLine}${flipped}`, 'note.bad_signature'],
    ['a changed text', `${text.replace('\n7\n', '\n8\n')}\n${logLine}`, 'note.bad_signature'],
    ['only unknown signers', `${text}\n${witnessLine}`, 'note.unknown_signer'],
    ['seventeen signatures', `${text}\n${logLine}${witnessLine.repeat(16)}`, 'note.too_many_signatures'],
    ['a carriage return', `${text.replace('\n7\n', '\r\n7\n')}\n${logLine}`, 'note.control_character'],
    ['a hyphen for the dash', `${text}\n${logLine.replace('—', '-')}`, 'note.malformed_signature'],
    ['a third word', `${text}\n${logLine.replace('= \n', '\n').replace('\n', ' x\n')}`, 'note.malformed_signature'],
    ['base64 without padding', `${text}\n${logLine.replace('=\n', '\n')}`, 'base64.not_canonical'],
    ['base64 with loose last bits', `${text}\n${logLine.replace('UgQ=', 'UgR=')}`, 'base64.not_canonical'],
    ['a signature of nothing', `${text}\n— ${origin} U0C8rQ==\n`, 'note.malformed_signature'],
  ])('with %s is refused', (_, note, code) => expect(opened(note)).toThrow(code));

  it('that is no UTF-8, or endless, is refused', () => {
    expect(opened(Buffer.from([0xff, 0x0a, 0x0a]))).toThrow('note.not_utf8');
    expect(() => parseNote('x'.repeat(70_000))).toThrow('note.too_large');
    expect(opened(Buffer.alloc(70_000))).toThrow('note.too_large');
  });

  it.each([
    ['a leading zero', `o\n07\n${root.toString('base64')}\n`, 'checkpoint.malformed_size'],
    ['2^53 leaves', `o\n9007199254740992\n${root.toString('base64')}\n`, 'checkpoint.malformed_size'],
    ['2^64 leaves', `o\n18446744073709551616\n${root.toString('base64')}\n`, 'checkpoint.malformed_size'],
    ['a negative size', `o\n-1\n${root.toString('base64')}\n`, 'checkpoint.malformed_size'],
    ['a short root', 'o\n1\nAAAA\n', 'checkpoint.malformed_root'],
    ['url-safe base64', `o\n1\n${'_'.repeat(43)}=\n`, 'base64.not_canonical'],
    ['no origin', `\n1\n${root.toString('base64')}\n`, 'checkpoint.malformed'],
    ['an empty extension', `o\n1\n${root.toString('base64')}\n\n`, 'checkpoint.malformed'],
    ['two lines', 'o\n1\n', 'checkpoint.malformed'],
  ])('and a checkpoint with %s', (_, checkpoint, code) => expect(() => parseCheckpoint(checkpoint)).toThrow(code));

  it('a checkpoint under another origin than its signer is refused', () => {
    const note = signNote(`another.example/log\n7\n${root.toString('base64')}\n`, [noteSigner(origin, seed)]);
    expect(() => openCheckpoint(note, parseVkey(vkey))).toThrow('checkpoint.wrong_origin');
  });

  it.each([
    ['another id', vkey.replace('5340bcad', '5340bcae'), 'key.wrong_id'],
    ['another name', vkey.replace('log1', 'log2'), 'key.wrong_id'],
    ['an algorithm we do not know', vkey.replace('+AQOh', '+AwOh'), 'key.unknown_algorithm'],
    ['a space in the name', vkey.replace('log1', 'log 1'), 'key.malformed'],
    ['nothing in it', '', 'key.malformed'],
    ['two lines', `${vkey}\n${vkey}`, 'key.malformed'],
  ])('and a vkey with %s', (_, key, code) => expect(() => parseVkey(key)).toThrow(code));
});
