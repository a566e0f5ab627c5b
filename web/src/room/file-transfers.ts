import { FILE_BYTES, FILE_PIECE_BYTES, FILE_PIECES_UNDER_WAY } from '../../../schemas/signalling-constants.ts'
import type { ClientMessage, ServerMessage } from '../../../schemas/signalling.ts'

export interface FileEntry {
  kind: 'file'
  key: string
  mine: boolean
  /** Who sent it; empty for one's own. */
  from: string
  name: string
  size: number
  doneBytes: number
  status: 'waiting' | 'running' | 'done' | 'cancelled' | 'failed' | 'too-big'
  snapshot: boolean
  /** A blob address, once the whole file is here. */
  url: string | null
}

export interface FileTransfersOptions {
  send(message: ClientMessage): void
  sendPiece(transfer: number, content: ArrayBuffer): void
  nameOf(seat: string): string
  onEntry(entry: FileEntry): void
}

export interface FileTransfers {
  /** Sends to everybody or, as the answer to a snapshot request, to who asked. One file at a time leaves; others wait. */
  offer(content: Blob, name: string, snapshotRequest?: number): void
  cancel(key: string): void
  receive(message: ServerMessage): void
  receivePiece(transfer: number, content: Uint8Array<ArrayBuffer>): void
  /** The connection broke: nothing that runs can be finished. */
  lost(): void
}

interface Sending { entry: FileEntry, content: Blob, mime: string, snapshotRequest: number | undefined, transfer: number | null, sentBytes: number, reading: boolean }
interface Receiving { entry: FileEntry, pieces: Uint8Array<ArrayBuffer>[] }

const NAME_CHARACTERS = 255
const MIME_CHARACTERS = 127

/** Files that come and go through the signalling connection. */
export function createFileTransfers (options: FileTransfersOptions): FileTransfers {
  const waiting: Sending[] = []
  const receiving = new Map<number, Receiving>()
  let current: Sending | null = null
  let made = 0

  function change (holder: { entry: FileEntry }, changes: Partial<FileEntry>) {
    holder.entry = { ...holder.entry, ...changes }
    options.onEntry(holder.entry)
  }

  function startNext () {
    if (current !== null) return
    current = waiting.shift() ?? null
    if (current === null) return
    const { entry: { name, size }, mime, snapshotRequest } = current
    options.send({ type: 'file', name, size, mime, ...(snapshotRequest === undefined ? {} : { snapshot: snapshotRequest }) })
  }

  function finish (status: FileEntry['status']) {
    if (current === null) return
    const done = current
    current = null
    change(done, status === 'done' ? { status, doneBytes: done.entry.size } : { status })
    startNext()
  }

  function mayGoOn (sending: Sending): boolean {
    const underWayBytes = sending.sentBytes - sending.entry.doneBytes
    return sending === current && sending.transfer !== null && sending.sentBytes < sending.entry.size &&
      underWayBytes <= (FILE_PIECES_UNDER_WAY - 1) * FILE_PIECE_BYTES
  }

  /** Keeps a few pieces under way, never more than the server allows. */
  async function pump (sending: Sending) {
    if (sending.reading) return
    sending.reading = true
    while (mayGoOn(sending)) {
      const from = sending.sentBytes
      sending.sentBytes = Math.min(from + FILE_PIECE_BYTES, sending.entry.size)
      try {
        const piece = await sending.content.slice(from, sending.sentBytes).arrayBuffer()
        if (sending === current && sending.transfer !== null) options.sendPiece(sending.transfer, piece)
      } catch {
        // The file changed or vanished on the disk meanwhile.
        abandon(sending, 'failed')
      }
    }
    sending.reading = false
  }

  function abandon (sending: Sending, status: 'failed' | 'cancelled') {
    if (sending !== current) return
    if (sending.transfer !== null) options.send({ type: 'file-cancel', transfer: sending.transfer })
    finish(status)
  }

  function progress (received: number) {
    if (current === null) return
    change(current, { doneBytes: received })
    if (received >= current.entry.size) finish('done')
    else pump(current)
  }

  function announced ({ transfer, from, name, size, snapshot }: Extract<ServerMessage, { type: 'file' }>) {
    const entry = newEntry({ mine: false, from: options.nameOf(from), name, size, status: 'running', snapshot })
    receiving.set(transfer, { entry, pieces: [] })
    options.onEntry(entry)
  }

  function completed (transfer: number) {
    const done = receiving.get(transfer)
    if (!done) return
    receiving.delete(transfer)
    // Whatever it claims to be: never a type that a browser would show as a page of this origin.
    const url = URL.createObjectURL(new Blob(done.pieces, { type: 'application/octet-stream' }))
    change(done, { status: 'done', doneBytes: done.entry.size, url })
  }

  function newEntry (fields: Pick<FileEntry, 'mine' | 'from' | 'name' | 'size' | 'status' | 'snapshot'>): FileEntry {
    return { kind: 'file', key: `file-${++made}`, doneBytes: 0, url: null, ...fields }
  }

  return {
    offer (content, name, snapshotRequest) {
      const fits = content.size > 0 && content.size <= FILE_BYTES
      const entry = newEntry({
        mine: true, from: '', name: name.slice(-NAME_CHARACTERS), size: content.size, status: fits ? 'waiting' : 'too-big', snapshot: snapshotRequest !== undefined
      })
      options.onEntry(entry)
      if (!fits) return
      waiting.push({ entry, content, mime: content.type.slice(0, MIME_CHARACTERS), snapshotRequest, transfer: null, sentBytes: 0, reading: false })
      startNext()
    },

    cancel (key) {
      const position = waiting.findIndex(({ entry }) => entry.key === key)
      const [dropped] = position < 0 ? [] : waiting.splice(position, 1)
      if (dropped) change(dropped, { status: 'cancelled' })
      else if (current?.entry.key === key && current.transfer !== null) abandon(current, 'cancelled')
    },

    receive (message) {
      switch (message.type) {
        case 'file-accepted':
          if (current === null) return
          current.transfer = message.transfer
          change(current, { status: 'running' })
          pump(current)
          break
        case 'file-progress':
          if (current?.transfer === message.transfer) progress(message.received)
          break
        case 'file':
          announced(message)
          break
        case 'file-done':
          if (current?.transfer === message.transfer) finish('done')
          else completed(message.transfer)
          break
        case 'file-aborted':
          if (current?.transfer === message.transfer) finish('failed')
          else drop(message.transfer)
          break
        case 'refused':
          if (message.re === 'file') finish('failed')
          break
      }
    },

    receivePiece (transfer, content) {
      const running = receiving.get(transfer)
      if (!running) return
      running.pieces.push(content)
      change(running, { doneBytes: running.entry.doneBytes + content.byteLength })
    },

    lost () {
      for (const sending of waiting.splice(0)) change(sending, { status: 'failed' })
      finish('failed')
      for (const transfer of [...receiving.keys()]) drop(transfer)
    }
  }

  function drop (transfer: number) {
    const running = receiving.get(transfer)
    receiving.delete(transfer)
    if (running) change(running, { status: 'failed' })
  }
}
