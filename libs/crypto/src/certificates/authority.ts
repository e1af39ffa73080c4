import { backdatedMs, dayMs, keyAlgorithm, loadX509, newKeyPair, privateKeyPem } from './x509.js';

/** The installation's authority as two PEM texts. Only `tillid up` (in the cluster: cert-manager) ever holds the key. */
export interface Authority {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** Ten years: an authority is replaced by a new installation or by hand, with both in ca.pem meanwhile. */
export const authorityLifetimeDays = 3650;

/** ECDSA P-256, self-signed, signs leaves only. */
export async function createAuthority(installationId: string, nowMs: number): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Tillid authority ${installationId}`,
    keys,
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + authorityLifetimeDays * dayMs),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem: await privateKeyPem(keys.privateKey), certificatePem: pem(certificate) };
}

function pem(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem').trim()}\n`;
}
