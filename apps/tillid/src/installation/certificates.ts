import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, callerFromCertificate, callerUri, type CallerName, createAuthority, createSigningRequest, dueForRenewal, issueCertificate, replaceSecretFile } from '@tillid/crypto';
import { textIfThere } from './text-file.js';

/** Made at first start and never again. A crash between the two files leaves a key without a certificate: both are then made anew. */
export async function openAuthority(folder: string, installationId: string, nowMs: number): Promise<Authority> {
  const [keyFile, certificateFile] = [join(folder, 'ca.key'), join(folder, 'ca.pem')];
  const [keyPem, certificatePem] = await Promise.all([textIfThere(keyFile), textIfThere(certificateFile)]);
  if (keyPem && certificatePem) return { keyPem, certificatePem };
  const authority = await createAuthority(installationId, nowMs);
  await replaceSecretFile(keyFile, authority.keyPem);
  await replaceSecretFile(certificateFile, authority.certificatePem);
  return authority;
}

/** The owner's part: a key that never leaves its folder, and the request for it beside it. True if they are new. */
export async function ensureKey(folder: string, name: CallerName): Promise<boolean> {
  if ((await textIfThere(join(folder, 'key.pem'))) && (await textIfThere(join(folder, 'request.pem')))) return false;
  const { keyPem, requestPem } = await createSigningRequest(name);
  // A crash between these leaves a key without its request; the next start makes both anew.
  await replaceSecretFile(join(folder, 'key.pem'), keyPem);
  await replaceSecretFile(join(folder, 'request.pem'), requestPem);
  return true;
}

/** The authority's part: signs the request in the folder if there is no good certificate yet, or it is due. True if it signed. */
export async function ensureCertificate(authority: Authority, folder: string, name: CallerName, nowMs: number): Promise<boolean> {
  if (await hasGoodCertificate(authority, folder, name, nowMs)) return false;
  const requestPem = await readFile(join(folder, 'request.pem'), 'utf8');
  const issued = await issueCertificate(authority, requestPem, name, nowMs);
  await replaceSecretFile(join(folder, 'ca.pem'), authority.certificatePem);
  // Last: whoever waits for cert.pem finds the rest there.
  await replaceSecretFile(join(folder, 'cert.pem'), issued);
  return true;
}

/** The certificate in the folder is this caller's, of this authority, for the key beside it, and not due. */
export async function hasGoodCertificate(authority: Pick<Authority, 'certificatePem'>, folder: string, name: CallerName, nowMs: number): Promise<boolean> {
  const certificatePem = await textIfThere(join(folder, 'cert.pem'));
  const keyPem = await textIfThere(join(folder, 'key.pem'));
  return certificatePem !== undefined && keyPem !== undefined && isGood(authority, certificatePem, keyPem, name, nowMs);
}

function isGood(authority: Pick<Authority, 'certificatePem'>, certificatePem: string, keyPem: string, name: CallerName, nowMs: number): boolean {
  const certificate = new X509Certificate(certificatePem);
  return (
    certificate.verify(new X509Certificate(authority.certificatePem).publicKey) &&
    certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
    callerUri(callerFromCertificate(certificate.raw)) === callerUri(name) &&
    !dueForRenewal(certificatePem, nowMs)
  );
}
