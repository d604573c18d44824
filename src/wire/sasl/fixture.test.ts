import { createHash } from 'node:crypto'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { Jid } from '../jid.ts'
import type { SaslClientContext } from './client.ts'
import type { ScramHash } from './crypto.ts'
import {
  deriveScramKeys,
  fakeScramKeys,
  passwordMatches,
  type SaslServer,
  type SaslServerContext,
  type SaslStep,
  type ScramKeys,
} from './server.ts'
import { utf8 } from './text.ts'

// What the tests of both sides share; there is no test here.

const secret = utf8('what only this server knows')
const salt = Uint8Array.from({ length: 16 }, (_, i) => i * 16)

/** Bytes that look random and are the same each time. */
export function seeded(seed: string): (count: number) => Uint8Array {
  let turn = 0
  return count => new Uint8Array(createHash('sha512').update(`${seed} ${turn++}`).digest()).slice(0, count)
}

const known = new Map<string, Promise<ScramKeys>>()

/** Keys of juliet, whose password is `r0m30 ½ ñ`; fake ones for everybody else. */
export function scramKeys(username: string, hash: ScramHash): Promise<ScramKeys> {
  if (username !== 'juliet' && username !== 'a=b,c') return fakeScramKeys(nodeCrypto, secret, username, hash, 4096)
  const keys = known.get(hash) ?? deriveScramKeys(nodeCrypto, hash, password, salt, 4096)
  known.set(hash, keys)
  return keys
}

export const password = 'r0m30 ½ ñ'
export const exporter = utf8('0123456789abcdef0123456789abcdef')
export const endPoint = utf8('hash of the certificate')

function channelBinding(type: string): Uint8Array | undefined {
  if (type === 'tls-exporter') return exporter
  if (type === 'tls-server-end-point') return endPoint
  return type === 'tls-unique' ? utf8('finished') : undefined
}

/** The server example.com; juliet's password is `password`. */
export function serverContext(changes: Partial<SaslServerContext> = {}): SaslServerContext {
  return {
    crypto: nodeCrypto,
    random: seeded('server'),
    scramKeys,
    async checkPassword(username, text) {
      return passwordMatches(nodeCrypto, await scramKeys(username, 'sha-1'), text)
    },
    certificateJids: [],
    channelBinding,
    plusOffered: true,
    jid: username => Jid.of(username, 'example.com').full,
    ...changes,
  }
}

/** The client of juliet. */
export function clientContext(changes: Partial<SaslClientContext> = {}): SaslClientContext {
  return { crypto: nodeCrypto, random: seeded('client'), username: 'juliet', password, channelBinding, ...changes }
}

/** A step with text, answered by text. */
export async function say(server: SaslServer, message: string | undefined): Promise<string> {
  const step = await server.step(message === undefined ? undefined : utf8(message))
  return Buffer.from(said(step) ?? []).toString()
}

function said(step: SaslStep): Uint8Array | undefined {
  return 'challenge' in step ? step.challenge : step.success.data
}

/** Whether an error is a SaslError of this condition (and text): for `assert.rejects`. */
export function refusal(condition: string, text?: string | RegExp): (error: unknown) => boolean {
  return error => {
    const found = error as { name: string; condition: string; text?: string }
    if (found.name !== 'SaslError' || found.condition !== condition) throw error
    if (text === undefined) return true
    if (text instanceof RegExp ? !text.test(found.text ?? '') : found.text !== text) throw error
    return true
  }
}
