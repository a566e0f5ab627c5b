import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContextOptions, type ElementHandle, type Frame, type Locator, type Page } from 'playwright-core'
import { build } from 'vite'
import { buildApp } from '../../lib/app.ts'
import { loadConfiguration } from '../../lib/config/load.ts'
import type { ClinicTeleconsultation, ClinicTeleconsultations } from '../../schemas/pages.ts'
import type { ServerMessage } from '../../schemas/signalling.ts'
import { DOCTOR, PATIENT, temporaryFolder, type Teardown } from './service.ts'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable']
const WAIT_MS = 30_000
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  // Without them a machine whose only interface is the loopback finds no way from one page to the other.
  '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'
]

/** What the running call has received so far, all its connections together. */
export interface Received { videoFrames: number, audioPackets: number, audioEnergy: number }

declare const media: Received
declare const heard: ServerMessage[]
declare const sockets: { send (text: string): void }[]

// Runs in every frame before the page's own scripts. The browser's own dialogue for the screen has no answer here.
const IN_PAGE = `
  const connections = []
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor (...given) { super(...given); connections.push(this) }
  }
  window.media = { videoFrames: 0, audioPackets: 0, audioEnergy: 0 }
  const read = async () => {
    const sum = { videoFrames: 0, audioPackets: 0, audioEnergy: 0 }
    for (const connection of connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp') continue
        if (report.kind === 'video') sum.videoFrames += report.framesDecoded ?? 0
        else sum.audioPackets += report.packetsReceived ?? 0
        sum.audioEnergy += report.totalAudioEnergy ?? 0
      }
    }
    window.media = sum
  }
  setInterval(read, 100)
  window.sockets = []
  window.heard = []
  window.WebSocket = class extends WebSocket {
    constructor (...given) {
      super(...given)
      window.sockets.push(this)
      this.addEventListener('message', ({ data }) => { if (typeof data === 'string') window.heard.push(JSON.parse(data)) })
    }
  }
  if (navigator.mediaDevices) navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas')
    Object.assign(canvas, { width: 640, height: 360 })
    const context = canvas.getContext('2d')
    let hue = 0
    setInterval(() => {
      context.fillStyle = 'hsl(' + (hue += 20) + ' 80% 50%)'
      context.fillRect(0, 0, canvas.width, canvas.height)
    }, 50)
    return canvas.captureStream(20)
  }
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => { console.error('securitypolicyviolation', effectiveDirective, blockedURI) })
`

export interface Service {
  /** As the browsers reach it, without a slash at the end. */
  origin: string
  /** Moves the service's clock, which runs as the machine's does, forward. */
  advance (ms: number): void
  /** Books doctor and patient for half an hour that begins now, or after some time. */
  book (options?: { startsInMs?: number, people?: object[] }): Promise<Booked>
}

export interface Booked { roomId: string, doctorLink: string, patientLink: string }

/**
 * One browser with everything that the pages' tests need around it. `t` is a test file's own: the browser lives as long
 * as the file.
 */
export async function openWeb (t: Teardown) {
  const webRoot = await builtPages(t)
  const browser = await chromium.launch({ executablePath: executable(), args: FLAGS })
  t.teardown(() => browser.close())
  const known = new Set<string>()
  const asked = new Set<string>()
  const violations: string[] = []

  const ask = (address: string) => {
    const { protocol, origin } = new URL(address)
    if (protocol !== 'data:' && protocol !== 'blob:' && protocol !== 'about:') asked.add(origin.replace(/^ws/, 'http'))
  }

  return {
    /** The built pages. */
    webRoot,
    /** Every origin that any page asked for anything, sockets included, data: and blob: addresses not. */
    asked,
    /** Those of them that are neither a service nor a host page of these tests. */
    strangers: () => [...asked].filter((origin) => !known.has(origin)),
    /** What the pages did against their own security policy, and errors that nobody caught. */
    violations,

    /** The service over an empty data folder, listening. */
    async startService (t: Teardown, configuration?: object, variables: Record<string, string> = {}): Promise<Service> {
      const dataPath = temporaryFolder(t)
      const file = join(dataPath, 'configuration.json')
      if (configuration !== undefined) writeFileSync(file, JSON.stringify(configuration))
      let aheadMs = 0
      const clock = () => new Date(Date.now() + aheadMs)
      const app = await buildApp({
        configuration: loadConfiguration({ DATA_PATH: dataPath, LOG_LEVEL: 'silent', ...variables, ...(configuration === undefined ? {} : { TELECONSULTATION_SERVICE_CONFIG_PATH: file }) }),
        name: 'teleconsultation-backend',
        version: '0.0.0-test',
        webRoot,
        clock
      })
      t.teardown(() => app.close())
      const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
      const origin = `http://localhost:${port}`
      known.add(origin)
      const asClinic = { remoteAddress: '127.0.0.1', headers: { host: `localhost:${port}` } }
      return {
        origin,
        advance: (ms) => { aheadMs += ms },
        async book ({ startsInMs = 0, people = [DOCTOR, PATIENT] } = {}) {
          const booked = await app.inject({
            ...asClinic,
            method: 'POST',
            url: '/teleconsultation',
            payload: { participants: { number: people.length, data: people }, start_date: new Date(clock().getTime() + startsInMs).toISOString(), duration_in_seconds: 1800 }
          })
          if (booked.statusCode !== 201) throw new Error(`not booked: ${booked.statusCode} ${booked.body}`)
          const { roomId } = booked.json<{ roomId: string }>()
          const listed = await app.inject({ ...asClinic, url: '/clinic/teleconsultations' })
          const row = listed.json<ClinicTeleconsultations>().teleconsultations.find((item) => item.roomId === roomId)
          return { roomId, doctorLink: linkOf(row, DOCTOR.userExternalId), patientLink: linkOf(row, PATIENT.userExternalId) }
        }
      }
    },

    /** A page of somebody else's, on another site than the service's, that holds one address in a frame. */
    async startHostPage (t: Teardown, address: string, allow: string): Promise<string> {
      const html = `<!doctype html><title>Host</title><link rel="icon" href="data:,"><iframe src="${address}" allow="${allow}" style="width: 100%; height: 600px"></iframe>`
      const server = createServer((_request, response) => { response.writeHead(200, { 'content-type': 'text/html' }).end(html) })
      t.teardown(() => new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }))
      await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      known.add(origin)
      return `${origin}/`
    },

    /** Opens an address in a browser profile of its own. */
    async visit (t: Teardown, address: string, options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options })
      t.teardown(() => context.close())
      context.setDefaultTimeout(WAIT_MS)
      await context.addInitScript(IN_PAGE)
      context.on('request', (request) => ask(request.url()))
      context.on('console', (message) => { if (/content security policy|securitypolicyviolation/i.test(message.text())) violations.push(message.text()) })
      context.on('weberror', (error) => { violations.push(error.error().message) })
      const page = await context.newPage()
      page.on('websocket', (socket) => ask(socket.url()))
      await page.goto(address)
      return page
    }
  }
}

function executable (): string {
  const given = process.env['CHROMIUM_PATH']
  const found = (given === undefined || given === '' ? PATHS : [given]).find((path) => existsSync(path))
  if (found === undefined) {
    throw new Error('These tests need Chromium: install it ("apt-get install chromium" on Debian), or name an installed Chromium or Chrome in CHROMIUM_PATH')
  }
  return found
}

/** The pages as their sources are now, in a folder of their own: what others build meanwhile does not matter. */
async function builtPages (t: Teardown): Promise<string> {
  const outDir = temporaryFolder(t)
  await build({ root: fileURLToPath(new URL('../../web', import.meta.url)), logLevel: 'error', build: { outDir, emptyOutDir: true } })
  return outDir
}

function linkOf (row: ClinicTeleconsultation | undefined, externalId: string): string {
  return row?.participants.find(({ userExternalId }) => userExternalId === externalId)?.personalLink ?? ''
}

/** Waits until a page (a participant's, or the call's) says that it is in a state; `data-state` tells it. */
export async function inState (scope: Page | Frame, state: string): Promise<void> {
  await scope.locator(`html[data-state="${state}"]`).waitFor({ state: 'attached' })
}

/** The frame that an iframe of a page or of a frame holds, once it is there. */
export async function frameOf (iframe: Locator): Promise<Frame> {
  const frame = await (await iframe.elementHandle() as ElementHandle).contentFrame()
  if (frame === null) throw new Error('that is no iframe')
  return frame
}

/** The call inside a participant's page, once somebody else is there. */
export async function callOf (participant: Page | Frame): Promise<Frame> {
  const room = await frameOf(participant.getByTestId('call'))
  await inState(room, 'in-call')
  return room
}

/** Waits until pictures are decoded and sound is heard, and goes on being so. */
export async function mediaArrives (room: Frame): Promise<Received> {
  const before = await mediaOf(room)
  // A promise would count as true here, so the page collects the figures by itself. Silence leaves traces of energy as well.
  const risen = await room.waitForFunction(({ videoFrames, audioPackets, audioEnergy }) =>
    media.videoFrames > videoFrames + 5 && media.audioPackets > audioPackets && media.audioEnergy > audioEnergy + 0.01 ? media : false, before)
  return await risen.jsonValue() as Received
}

/** What has arrived up to now. */
export const mediaOf = (room: Frame): Promise<Received> => room.evaluate(() => media)

/** Waits until the picture in a tile has a size and goes on moving. */
export async function pictureMoves (room: Frame, tile: Locator): Promise<void> {
  interface Video { videoWidth: number, getVideoPlaybackQuality (): { totalVideoFrames: number } }
  const video = await tile.locator('video').elementHandle() as unknown as ElementHandle<Video>
  const before = await video.evaluate((video) => video.getVideoPlaybackQuality().totalVideoFrames)
  await room.waitForFunction(({ video, before }) => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > before + 3, { video, before })
}

/** Says something to the server on the page's own connection, past the page's buttons. */
export const sayRaw = (room: Frame, message: object): Promise<void> =>
  room.evaluate((text) => { sockets.at(-1)?.send(text) }, JSON.stringify(message))

/** What the server has said to a page. */
export const heardBy = (room: Frame): Promise<ServerMessage[]> => room.evaluate(() => heard)

/** Waits until the server has said so many things of one kind to a page, and gives them. */
export async function hears (room: Frame, type: ServerMessage['type'], count: number): Promise<ServerMessage[]> {
  const found = await room.waitForFunction(({ type, count }) => {
    const said = heard.filter((message) => message.type === type)
    return said.length >= count ? said : false
  }, { type, count })
  return await found.jsonValue() as ServerMessage[]
}
