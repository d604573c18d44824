/** Values of one feature's settings on one host, by their names. */
type SettingValues = Readonly<Record<string, unknown>>

/**
 * A feature's settings on one host while it runs. What a feature reads when it needs it is always as the configuration
 * is now; what it reads while it starts stays as it was then, and another value needs a restart. So a feature need not
 * say which is which.
 */
export class LiveSettings {
  /** What the feature is given: an object whose properties are looked up when they are read. */
  readonly values: SettingValues
  #current: SettingValues
  readonly #readAtStart = new Set<string>()
  #starting = true

  constructor(values: SettingValues) {
    this.#current = values
    this.values = Object.defineProperties(
      {},
      Object.fromEntries(
        Object.keys(values).map(name => [name, { enumerable: true, configurable: false, get: () => this.#read(name) }]),
      ),
    )
  }

  /** The feature has made its registrations: what it reads from now on it reads when it needs it. */
  started(): void {
    this.#starting = false
  }

  /** Whether another value of this setting has an effect while the feature runs. */
  takesEffect(name: string): boolean {
    return !this.#readAtStart.has(name)
  }

  /** Other values from now on; those that were read at the start stay. Returns the values that are in effect. */
  change(values: SettingValues): SettingValues {
    const kept = [...this.#readAtStart].map(name => [name, this.#current[name]])
    this.#current = { ...values, ...Object.fromEntries(kept) }
    return this.#current
  }

  #read(name: string): unknown {
    if (this.#starting) this.#readAtStart.add(name)
    return this.#current[name]
  }
}
