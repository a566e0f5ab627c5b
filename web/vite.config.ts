import { defineConfig } from 'vite'

const here = (file: string) => new URL(file, import.meta.url).pathname

export default defineConfig({
  // The pages carry <base>, which the service rewrites to the prefix that it runs under.
  base: './',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy has no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // LiveKit's client, which its own page loads when a call begins, and no other page.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      input: {
        index: here('index.html'),
        teleconsultation: here('teleconsultation.html'),
        room: here('room.html'),
        livekit: here('livekit-room.html')
      }
    }
  }
})
