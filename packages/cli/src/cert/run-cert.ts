/**
 * Files of certificates: made, renewed and shown. A key is readable by its owner alone from its
 * first moment on, and nothing is written over but what is renewed.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NodeRole, replaceFile, systemClock, systemDisk, writeSecretFile } from '@vectron/base'
import {
  createAuthority,
  issueCertificate,
  type KeyedCertificate,
  renewCertificate,
} from '@vectron/process'
import type {
  AuthorityFlags,
  CreateAuthorityFlags,
  IssueFlags,
  ShowFlags,
} from '../commands/cert.ts'
import { CliError } from '../exit-code.ts'
import { showRows } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

export async function createAuthorityFiles(
  { ca, name, days }: CreateAuthorityFlags,
  terminal: Terminal,
): Promise<void> {
  const files = authorityFiles(ca)
  refuseOverwrite(files, 'Nodes trust it. For another authority choose another folder: --ca')
  await write(files, await createAuthority({ name, days, nowMs: systemClock.nowMs() }))
  terminal.note(`Made ${files.cert} and ${files.key}.`)
}

export async function issueFiles(
  node: { readonly role: NodeRole; readonly name: string },
  { ca, id, host, days, out }: IssueFlags,
  terminal: Terminal,
): Promise<void> {
  const files = { cert: join(out, `${node.name}.pem`), key: join(out, `${node.name}.key`) }
  refuseOverwrite(files, `Renew it: vectron cert renew ${files.cert}`)
  const issued = await issueCertificate(readAuthority(ca), {
    ...node,
    id: id === undefined ? undefined : BigInt(id),
    hosts: host,
    days,
    nowMs: systemClock.nowMs(),
  })
  await write(files, issued)
  terminal.note(
    `Made ${files.cert} and ${files.key}; with ${authorityFiles(ca).cert} they are tls.`,
  )
}

/** Processes that use the files read them again by themselves. */
export async function renewFiles(
  certs: readonly string[],
  { ca }: Pick<AuthorityFlags, 'ca'>,
  terminal: Terminal,
): Promise<void> {
  const authority = readAuthority(ca)
  for (const cert of certs) {
    const renewed = await renewCertificate(authority, {
      cert: read(cert),
      nowMs: systemClock.nowMs(),
    })
    const key = keyBeside(cert)
    await write({ cert, key }, renewed)
    terminal.note(`Renewed ${cert} and ${key}, until ${endOf(renewed.cert).toISOString()}.`)
  }
}

export async function showFiles(
  files: readonly string[],
  { output }: ShowFlags,
  terminal: Terminal,
): Promise<void> {
  const rows = files.map((file) => describe(file, new X509Certificate(read(file))))
  showRows(terminal, output, {
    rows,
    columns: [
      { title: 'file', text: ({ file }) => file },
      { title: 'name', text: ({ name }) => name },
      { title: 'for', text: ({ names }) => names },
      { title: 'ends', text: ({ endTime }) => endTime },
      { title: 'state', text: ({ state }) => state },
      { title: 'issuer', text: ({ issuer }) => issuer },
    ],
    whole: { certificates: rows },
    whenEmpty: '',
  })
}

function describe(file: string, certificate: X509Certificate) {
  return {
    file,
    name: commonName(certificate.subject),
    names: certificate.subjectAltName ?? (certificate.ca ? 'authority' : ''),
    startTime: new Date(certificate.validFrom).toISOString(),
    endTime: new Date(certificate.validTo).toISOString(),
    state: Date.parse(certificate.validTo) > systemClock.nowMs() ? 'valid' : 'ended',
    issuer: commonName(certificate.issuer),
    fingerprint: certificate.fingerprint256,
  }
}

/** Of `CN=worker-1\nO=Vectron`. */
function commonName(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ')
}

function authorityFiles(folder: string): CertificateFiles {
  return { cert: join(folder, 'ca.pem'), key: join(folder, 'ca.key') }
}

function readAuthority(folder: string): KeyedCertificate {
  const { cert, key } = authorityFiles(folder)
  if (existsSync(cert) && existsSync(key)) return { cert: read(cert), key: read(key) }
  throw new CliError(
    'notFound',
    `There is no authority in ${folder}: ca.pem and ca.key.`,
    'Make one: vectron cert ca; or name its folder: --ca',
  )
}

function keyBeside(cert: string): string {
  if (cert.endsWith('.pem')) return cert.replace(/\.pem$/, '.key')
  throw new CliError('usage', `${cert} does not end in .pem, so its key is not known.`)
}

function read(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8')
  throw new CliError('notFound', `There is no file ${file}.`)
}

function refuseOverwrite({ cert, key }: CertificateFiles, hint: string): void {
  const found = [cert, key].find((file) => existsSync(file))
  if (found !== undefined) throw new CliError('conflict', `${found} exists already.`, hint)
}

/** The key first: who reads between the two finds that they do not fit, and keeps what it has. */
async function write({ cert, key }: CertificateFiles, made: KeyedCertificate): Promise<void> {
  writeSecretFile(key, made.key)
  await replaceFile(systemDisk, cert, Buffer.from(made.cert))
}

function endOf(cert: string): Date {
  return new Date(new X509Certificate(cert).validTo)
}
