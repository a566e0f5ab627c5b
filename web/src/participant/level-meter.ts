export interface LevelMeter { stop(): void }

/** Speech seldom fills the scale; this makes a normal voice reach its middle. */
const GAIN = 4

/** Reports a stream's loudness, from 0 to 1, at each frame. */
export function meterLevel (stream: MediaStream, onLevel: (level: number) => void): LevelMeter {
  if (stream.getAudioTracks().length === 0) return { stop () {} }
  const context = new AudioContext()
  // Some browsers start it asleep when the permission question took long.
  context.resume().catch(() => {})
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let frame = 0
  function read () {
    analyser.getFloatTimeDomainData(samples)
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
    onLevel(Math.min(1, Math.sqrt(power) * GAIN))
    frame = requestAnimationFrame(read)
  }
  read()
  return {
    stop () {
      cancelAnimationFrame(frame)
      context.close().catch(() => {})
    }
  }
}
