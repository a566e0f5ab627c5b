import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Configuration } from '../../config/configuration.ts'
import { NotTheClinic, PageNotBuilt } from '../../errors.ts'
import type { RouteOptions } from '../services.ts'
import { themeStylesheet } from './theme.ts'

export interface PagesOptions extends RouteOptions {
  publicUrl: () => string
  /** Folder with the built pages. */
  webRoot: string
  /** What the page for calls at LiveKit may connect to (CSP sources). Absent: there is no such page. */
  livekitSources?: readonly string[] | undefined
  configuration: Pick<Configuration, 'http' | 'theme' | 'companyLogoUrl' | 'identity'>
}

/** The service's pages. Nothing in them leaves the origin, but for the frame that holds a foreign provider's call. */
export const pageRoutes: FastifyPluginAsync<PagesOptions> = async (app, { webRoot, configuration, services, publicUrl, livekitSources }) => {
  const { http, identity } = configuration
  const read = (file: string) => {
    try {
      return readFileSync(join(webRoot, file), 'utf8').replace('<base href="/">', `<base href="${http.prefix}/">`)
    } catch {
      return undefined
    }
  }
  const logo = configuration.companyLogoUrl
  const policy = (frames: string, ancestors: string, connections: readonly string[] = []) => [
    "default-src 'self'", "style-src 'self' 'unsafe-inline'", `img-src 'self' data: blob:${logo === undefined || !/^https?:/.test(logo) ? '' : ` ${new URL(logo).origin}`}`,
    "media-src 'self' blob:", ["connect-src 'self'", ...connections].join(' '), `frame-src ${frames}`, `frame-ancestors ${ancestors}`, "object-src 'none'", "base-uri 'self'", "form-action 'self'"
  ].join('; ')
  const send = async (reply: FastifyReply, page: string | undefined, contentSecurityPolicy: string) => {
    if (page === undefined) throw new PageNotBuilt()
    return await reply
      .headers({ 'content-security-policy': contentSecurityPolicy, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(page)
  }

  const participantPage = read('teleconsultation.html')
  for (const path of ['/join', '/telecons-fe/teleconsultation/:roomId']) {
    app.get(path, { schema: { hide: true } }, async (_request, reply) =>
      // The embedded call's address may have another host than the one by which this page was opened.
      await send(reply, participantPage, policy(`'self' https: ${new URL(publicUrl()).origin}`, http.frameAncestors)))
  }
  // For who cannot send fragments, as some mailers: from here on the token is in nobody's log. Nor in ours.
  app.get<{ Params: { token: string } }>('/join/:token', { schema: { hide: true }, logLevel: 'warn' }, async (request, reply) =>
    await reply.headers({ 'cache-control': 'no-store' }).redirect(`${http.prefix}/join#${encodeURIComponent(request.params.token)}`, 302))

  const roomPage = read('room.html')
  app.get('/telecons-room/:providerRoomId', { schema: { hide: true } }, async (_request, reply) =>
    await send(reply, roomPage, policy("'none'", http.frameAncestors)))

  if (livekitSources !== undefined) {
    const livekitPage = read('livekit-room.html')
    app.get('/livekit-room/:providerRoomId', { schema: { hide: true } }, async (_request, reply) =>
      await send(reply, livekitPage, policy("'none'", http.frameAncestors, livekitSources)))
  }

  const stylesheet = themeStylesheet(configuration.theme, logo)
  app.get('/telecons-fe/theme.css', { schema: { hide: true } }, async (_request, reply) =>
    await reply.type('text/css; charset=utf-8').header('cache-control', 'no-cache').send(stylesheet))

  await app.register(fastifyStatic, { root: join(webRoot, 'assets'), prefix: '/assets/', index: false, immutable: true, maxAge: '365d', decorateReply: false })

  if (identity.mode === 'local') {
    const clinicPage = read('index.html')
    await app.register(async function clinicOnly (scope) {
      scope.addHook('onRequest', async (request) => {
        if (!services.mayActAsClinic(request)) throw new NotTheClinic()
      })
      scope.get('/', { schema: { hide: true } }, async (_request, reply) =>
        await send(reply, clinicPage, policy("'none'", "'none'")))
    })
  }
}
