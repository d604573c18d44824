import { existsSync } from 'node:fs'
import { run } from '../bench/peers/process.ts'

/** Debian packages and a file that is there when they are. */
const packages: Readonly<Record<string, string>> = {
  'python3-slixmpp': '/usr/lib/python3/dist-packages/slixmpp',
  'python3-nbxmpp': '/usr/lib/python3/dist-packages/nbxmpp',
  'python3-aioxmpp': '/usr/lib/python3/dist-packages/aioxmpp',
  'go-sendxmpp': '/usr/bin/go-sendxmpp',
  profanity: '/usr/bin/profanity',
  mcabber: '/usr/bin/mcabber',
  tmux: '/usr/bin/tmux',
  'libstrophe-dev': '/usr/include/strophe.h',
  gcc: '/usr/bin/cc',
  'libc6-dev': '/usr/include/stdio.h',
  openssl: '/usr/bin/openssl',
}

/** Installs what is missing. Rejects where that cannot be done here. */
export async function installMissing(): Promise<void> {
  const missing = Object.keys(packages).filter(name => !existsSync(packages[name]!))
  if (missing.length === 0) return
  if (!existsSync('/usr/bin/apt-get')) throw new Error(`please install ${missing.join(' ')}`)
  console.log(`installing ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () =>
    run('apt-get', ['install', '--yes', '--no-install-recommends', ...missing], { env, seconds: 400 })
  try {
    await install()
  } catch {
    // The lists of packages may be missing or old.
    await run('apt-get', ['update'], { env, seconds: 120 })
    await install()
  }
}

/** The version of a package of Debian that is installed. */
export async function debianVersion(name: string): Promise<string> {
  const [, version] = (await run('dpkg-query', ['--show', name])).trim().split('\t')
  return version!
}
