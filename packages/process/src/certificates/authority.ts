/**
 * The private authority of a cluster, and the certificates of its nodes (X.509, ECDSA on P-256).
 *
 * A node's certificate says which kind of node it is (packages/base/src/node-role.ts), and may name
 * hosts for people's tools; the cluster's own processes look at the kind alone.
 */
import 'reflect-metadata'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { type NodeRole, nodeName, VectronError } from '@vectron/base'

/** A certificate and its private key, as PEM. */
export interface KeyedCertificate {
  readonly cert: string
  readonly key: string
}

export interface AuthorityRequest {
  /** What people call the cluster. */
  readonly name: string
  readonly days: number
  readonly nowMs: number
}

export interface NodeCertificateRequest {
  readonly role: NodeRole
  /** What people call the node. */
  readonly name: string
  /** For this member or worker alone; undefined: for each node of the role. */
  readonly id?: bigint | undefined
  /** Host names and addresses of the node. */
  readonly hosts: readonly string[]
  readonly days: number
  readonly nowMs: number
}

const ORGANIZATION = 'Vectron'
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 24 * 3_600_000
/** Clocks of machines differ: a certificate counts from a day before it was made. */
const BACKDATED_MS = DAY_MS
/** ITU-T X.520 limits common names. */
const NAME = /^[\w.-]{1,64}$/

/** @throws VectronError INVALID_ARGUMENT */
export async function createAuthority(request: AuthorityRequest): Promise<KeyedCertificate> {
  const keys = await createKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: subjectOf(request.name),
    ...validity(request),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return toPem(certificate, keys.privateKey)
}

/** @throws VectronError INVALID_ARGUMENT */
export async function issueCertificate(
  authority: KeyedCertificate,
  request: NodeCertificateRequest,
): Promise<KeyedCertificate> {
  const { role, id, hosts } = request
  const names: x509.JsonGeneralName[] = [
    { type: 'dns', value: nodeName(role, id) },
    ...hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }) as const),
  ]
  return sign(authority, {
    subject: subjectOf(request.name),
    altNames: new x509.SubjectAlternativeNameExtension(names),
    ...validity(request),
  })
}

/**
 * The same names for as long again, with another key.
 *
 * @throws VectronError INVALID_ARGUMENT: it is no certificate of this authority
 */
export async function renewCertificate(
  authority: KeyedCertificate,
  { cert, nowMs }: { readonly cert: string; readonly nowMs: number },
): Promise<KeyedCertificate> {
  const old = parseCertificate(cert)
  const altNames = old.getExtension(x509.SubjectAlternativeNameExtension)
  const issuer = parseCertificate(authority.cert)
  if (altNames === null || old.issuer !== issuer.subject) {
    throw new VectronError(
      'INVALID_ARGUMENT',
      `The certificate is of "${old.issuer}", not of "${issuer.subject}". Issue a new one.`,
      { field: 'certificate' },
    )
  }
  const lifetimeMs = old.notAfter.getTime() - old.notBefore.getTime() - BACKDATED_MS
  const days = Math.max(1, Math.round(lifetimeMs / DAY_MS))
  return sign(authority, { subject: old.subject, altNames, ...validity({ days, nowMs }) })
}

interface Signing {
  readonly subject: string
  readonly altNames: x509.SubjectAlternativeNameExtension
  readonly notBefore: Date
  readonly notAfter: Date
}

async function sign(
  authority: KeyedCertificate,
  { subject, altNames, notBefore, notAfter }: Signing,
): Promise<KeyedCertificate> {
  const issuer = parseCertificate(authority.cert)
  const keys = await createKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer.subject,
    notBefore,
    // Nobody trusts it longer than its authority.
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      altNames,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return toPem(certificate, keys.privateKey)
}

function subjectOf(name: string): string {
  if (NAME.test(name)) return `CN=${name}, O=${ORGANIZATION}`
  throw new VectronError(
    'INVALID_ARGUMENT',
    `"${name}" is no name for a certificate. Use 1 to 64 letters, digits, ".", "-" and "_".`,
    { field: 'name' },
  )
}

function validity({ days, nowMs }: { readonly days: number; readonly nowMs: number }) {
  return {
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
  }
}

function parseCertificate(pem: string): x509.X509Certificate {
  try {
    return new x509.X509Certificate(pem)
  } catch (cause) {
    const message = 'The text is no certificate in PEM.'
    throw new VectronError('INVALID_ARGUMENT', message, { field: 'certificate', cause })
  }
}

function createKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function importKey(pem: string) {
  try {
    const der = x509.PemConverter.decodeFirst(pem)
    return await crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
  } catch (cause) {
    const message = 'The text is no private key on P-256 in PEM (PKCS #8).'
    throw new VectronError('INVALID_ARGUMENT', message, { field: 'key', cause })
  }
}

async function toPem(
  certificate: x509.X509Certificate,
  privateKey: CryptoKey,
): Promise<KeyedCertificate> {
  const der = await crypto.subtle.exportKey('pkcs8', privateKey)
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(der, x509.PemConverter.PrivateKeyTag)}\n`,
  }
}
