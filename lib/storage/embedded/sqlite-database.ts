import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

/** Version of the tables' layout; kept in the file's `user_version`. */
const LAYOUT = 1
/** How long a write waits for another process that holds the file. */
const BUSY_TIMEOUT_MS = 5000
/** SQLITE_BUSY. */
const BUSY_CODE = 5
/** Statements kept prepared; their number is bounded by the shapes of queries, not by their values. */
const MAX_STATEMENTS = 500
/** Writes that share one commit at most, so that none of them waits long. */
const MAX_WRITES_PER_COMMIT = 256

export interface Database {
  /** The prepared statement of a text; use it up before asking for the same text again. */
  statement (sql: string): StatementSync
  /** Runs statements at once, outside the queue of writes; for the layout at start. */
  execute (sql: string): void
  /**
   * Runs a write in an immediate transaction. Resolves when the change is on disk. What waits at the same moment shares
   * the commit; a write that throws is undone alone.
   *
   * @param options.isFleeting it outlives the end of the process, and a loss of power only once a write was made that is not fleeting, or
   *   the log was emptied into the file. What is lost so is what was written last: never a write that is not fleeting, nor half of one.
   */
  write<Result> (work: () => Result, options?: { isFleeting?: boolean }): Promise<Result>
  /**
   * Rewrites the file without the bytes of what was deleted or replaced, and empties the log beside it. Nothing else is done meanwhile,
   * nor written by other processes. False: another process held the file, so the bytes may still be there.
   */
  compact (): boolean
  /** Writes the log into the file and empties it. False: another process reads it, so the bytes of before may still be there. */
  emptyLog (): boolean
  close (): void
}

interface Waiting {
  readonly isFleeting: boolean
  run (): void
  settle (failure?: unknown): void
}

function create (file: string): void {
  mkdirSync(dirname(file), { recursive: true })
  // The documents are about patients: only the owner reads them. SQLite gives its side files the same mode.
  closeSync(openSync(file, 'a', 0o600))
}

/** Opens (or makes) the file. Throws when it was written by a newer layout. */
export function openDatabase (file: string): Database {
  if (file !== ':memory:') create(file)
  const sqlite = new DatabaseSync(file)
  try {
    sqlite.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA foreign_keys=ON`)
    // In the file, what is deleted or replaced is overwritten with zeros: it was about patients.
    sqlite.exec('PRAGMA secure_delete=ON')
    const version = Number(sqlite.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > LAYOUT) throw new Error(`The storage file was written by a newer version (layout ${version})`)
    sqlite.exec(`PRAGMA user_version=${LAYOUT}`)
  } catch (error) {
    sqlite.close()
    throw error
  }

  const statements = new Map<string, StatementSync>()
  const waiting: Waiting[] = []
  let isScheduled = false

  const statement = (sql: string) => {
    let prepared = statements.get(sql)
    if (prepared === undefined) {
      if (statements.size >= MAX_STATEMENTS) statements.clear()
      prepared = sqlite.prepare(sql)
      statements.set(sql, prepared)
    }
    return prepared
  }

  // FULL: a commit that was answered survives a loss of power, not only the end of the process.
  let level: 'FULL' | 'NORMAL' = 'FULL'
  const synchronise = (wanted: typeof level) => {
    if (level === wanted) return
    sqlite.exec(`PRAGMA synchronous=${wanted}`)
    level = wanted
  }

  const commit = (group: readonly Waiting[]) => {
    try {
      synchronise(group.every(({ isFleeting }) => isFleeting) ? 'NORMAL' : 'FULL')
      statement('BEGIN IMMEDIATE').run()
      for (const work of group) work.run()
      statement('COMMIT').run()
    } catch (error) {
      if (sqlite.isTransaction) statement('ROLLBACK').run()
      for (const work of group) work.settle(error)
      return
    }
    for (const work of group) work.settle()
  }

  const flush = () => {
    isScheduled = false
    const group = waiting.splice(0, MAX_WRITES_PER_COMMIT)
    if (waiting.length > 0) schedule()
    if (group.length > 0) commit(group)
  }

  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(() => { if (isScheduled) flush() })
  }

  const write = <Result>(work: () => Result, { isFleeting = false } = {}): Promise<Result> => new Promise((resolve, reject) => {
    let outcome: { result: Result } | { failure: unknown }
    waiting.push({
      isFleeting,
      run () {
        statement('SAVEPOINT one_write').run()
        try {
          outcome = { result: work() }
        } catch (failure) {
          // Some failures (a full disk) end the whole transaction; then all of the group fails.
          if (!sqlite.isTransaction) throw failure
          outcome = { failure }
          statement('ROLLBACK TO one_write').run()
        }
        statement('RELEASE one_write').run()
      },
      settle (failure) {
        if (failure !== undefined) reject(failure)
        else if ('failure' in outcome) reject(outcome.failure)
        else resolve(outcome.result)
      },
    })
    schedule()
  })

  const emptyLog = () => sqlite.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0
  const flushAll = () => { while (waiting.length > 0) flush() }

  return {
    statement,
    execute: sql => { sqlite.exec(sql) },
    write,
    compact () {
      flushAll()
      try {
        sqlite.exec('VACUUM')
      } catch (error) {
        if ((error as { errcode?: unknown }).errcode === BUSY_CODE) return false
        throw error
      }
      // Until it is emptied the log holds the pages of before.
      return emptyLog()
    },
    emptyLog () {
      flushAll()
      return emptyLog()
    },
    close () {
      flushAll()
      statements.clear()
      sqlite.close()
    },
  }
}
