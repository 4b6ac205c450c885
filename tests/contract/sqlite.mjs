/* sqlite.mjs - the database file as a person with the sqlite3 program sees it. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export class Database {
  static async open(path) {
    const database = new Database()
    database.path = path
    return database
  }

  async run(sql) {
    return (await execute('sqlite3', ['-cmd', '.timeout 5000', this.path, sql])).stdout
  }
}
