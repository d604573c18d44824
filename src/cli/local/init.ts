import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, relative, resolve } from 'node:path'
import { reason } from '../../runtime/node-disk.ts'
import { Malformed } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { UsageError } from '../command-line.ts'
import { questions } from '../input.ts'
import { typedCommand } from '../invocation.ts'
import type { LocalCommand } from '../local.ts'
import type { Surroundings } from '../main.ts'
import { shown, where } from '../where.ts'
import { initText } from './init-text.ts'

/** Writes a configuration file for somebody who has none. */
export const init: LocalCommand = {
  words: ['init'],
  manual:
    'Writes a configuration file for one domain. Every setting is in it, with its sentence and default as comments. ' +
    'A file that is there is left as it is.',
  arguments: [
    {
      name: 'domain',
      kind: 'text',
      manual: 'The domain that is served, such as example.org; asked for where it is not given.',
      option: true,
    },
  ],
  local: true,
  async run({ domain }, around, options) {
    const path = resolve(around.cwd, options.config ?? 'jackdaw.toml')
    const name = domain === undefined ? await askDomain(around) : domainOf(String(domain))
    const data = options.data && relative(dirname(path), resolve(around.cwd, options.data))
    const local = name === 'localhost' || name.endsWith('.localhost')
    write(path, initText({ domain: name, data: data === '' ? '.' : data, listen: local ? {} : everywhere() }))
    const file = shown(path, around.cwd)
    const start = `${typedCommand(around)} start${where({ ...options, config: options.config }, around.cwd).options}`
    const reach = local ? 'Only this machine can connect' : 'It listens for clients from everywhere'
    return { say: `Wrote ${file} for ${name}. ${reach}: see [listen]. Start the server with: ${start}` }
  },
}

async function askDomain({ input, errors }: Surroundings): Promise<string> {
  if (!input.isTTY) throw new UsageError('name the domain: jackdaw init --domain example.org')
  const { ask, close } = questions(input, errors)
  try {
    for (;;) {
      const answer = await ask('Domain that the server is for, such as example.org [localhost]: ')
      try {
        return domainOf(answer === '' ? 'localhost' : answer)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        errors.write(`${error.message}\n`)
      }
    }
  } finally {
    close()
  }
}

function domainOf(text: string): string {
  try {
    const jid = Jid.parse(text)
    if (jid.full === jid.domain) return jid.domain
    throw new Malformed('leave out what is before the @ and behind the /')
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new UsageError(`"${text}" is not a domain: ${error.message}`)
  }
}

/** All addresses of this machine, of the kinds that it has: many containers have no IPv6. */
function everywhere(): Record<string, readonly string[]> {
  const own = Object.values(networkInterfaces()).flatMap(all => all ?? [])
  const hosts = ['0.0.0.0', ...(own.some(({ family }) => family === 'IPv6') ? ['[::]'] : [])]
  return {
    starttls: hosts.map(host => `${host}:5222`),
    'direct-tls': hosts.map(host => `${host}:5223`),
  }
}

/** Writes a new file: whole, or not at all. */
function write(path: string, text: string): void {
  let file: number | undefined
  try {
    file = openSync(path, 'wx')
    writeFileSync(file, text)
  } catch (error) {
    const there = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (there) throw new Error(`${path} is there already, and stays as it is; name another file with --config`)
    if (file !== undefined) rmSync(path, { force: true })
    throw new Error(`cannot write ${path}: ${reason(error)}`, { cause: error })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
