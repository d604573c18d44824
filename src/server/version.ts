/** The version of this program: that of package.json, which the core must not read. */
export const version = '0.1.0'
