import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endWithUs, run, until } from '../bench/peers/process.ts'

/** A program in a terminal of tmux: what is typed is typed, what is seen is what stands on the screen. */
export class Terminal {
  readonly name: string
  readonly #socket: string
  #forget: (() => void) | undefined

  private constructor(name: string, socket: string) {
    this.name = name
    this.#socket = socket
  }

  /** Opens a terminal that runs a command with these variables; `folder` gets its socket. */
  static async open(
    name: string,
    folder: string,
    command: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Terminal> {
    await mkdir(folder, { recursive: true })
    const script = join(folder, `${name}.sh`)
    const quoted = Object.entries(env).map(([key, value]) => `${key}='${value.replaceAll("'", `'\\''`)}'`)
    await writeFile(script, `#!/bin/sh\nexec env ${quoted.join(' ')} ${command}\n`)
    await chmod(script, 0o700)
    const terminal = new Terminal(name, join(folder, `${name}.socket`))
    const size = ['-x', '150', '-y', '120']
    const session = ['new-session', '-d', ...size, '-P', '-F', '#{pid}', script]
    terminal.#forget = endWithUs(Number(await terminal.#tmux('-f', '/dev/null', ...session)))
    return terminal
  }

  #tmux(...args: readonly string[]): Promise<string> {
    return run('tmux', ['-S', this.#socket, ...args], {
      env: { ...process.env, LANG: 'C.UTF-8', TERM: 'xterm' },
      seconds: 5,
    })
  }

  /** Types a line and the return key. */
  async type(line: string): Promise<void> {
    await this.typing(line)
    await this.#tmux('send-keys', 'Enter')
  }

  /** Types without the return key. */
  async typing(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '--', text)
  }

  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p', '-J')).replaceAll(/^\s*\n/gm, '')
  }

  /** Waits until the screen shows something; the line that shows it. */
  async see(what: string | RegExp | ((line: string) => boolean), seconds = 10): Promise<string> {
    let last = ''
    const shows = (line: string) => {
      if (typeof what === 'string') return line.includes(what)
      return typeof what === 'function' ? what(line) : what.test(line)
    }
    try {
      return await until(`${this.name} shows ${what}`, seconds, async () => {
        last = await this.screen()
        return last.split('\n').findLast(shows)?.trim()
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}; the screen's end:\n${last.split('\n').slice(-15).join('\n')}`)
    }
  }

  /** Waits until the program has ended by itself. */
  async gone(seconds = 10): Promise<void> {
    await until(`${this.name} gone`, seconds, () =>
      this.screen().then(
        () => false,
        () => true,
      ),
    )
  }

  /** Ends the terminal and what runs in it. */
  async close(): Promise<void> {
    // The program may have ended by itself, and tmux with it.
    await this.#tmux('kill-server').catch(() => {})
    this.#forget?.()
  }
}
