// For tests of extensions, clients and bots: a server in memory, scripts that are played, and cases for codecs.
export { type Case, cases, comparable } from './cases.ts'
export { type Carrier, connectTcp, type TcpTarget } from './connect.ts'
export { type Account, type Connect, type Player, type PlayOptions, play } from './play.ts'
export { type Actor, parseScript, type Script, ScriptError } from './scs.ts'
export { type LogLine, type TestServer, type TestServerOptions, testServer } from './server.ts'
