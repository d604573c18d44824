/** The messages of all that nobody catches meanwhile: bugs, planted by the test. */
export async function stray(during: () => Promise<void>): Promise<readonly string[]> {
  const caught: string[] = []
  const catcher = (error: Error) => void caught.push(error.message)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', catcher)
  try {
    await during()
    await new Promise(setImmediate)
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
  }
  return caught
}
