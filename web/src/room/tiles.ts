import { type CallState, cameraOf, type Person, screenOf } from './call-state.ts'
import type { TileContent } from './video-tile.ts'

export interface Tile { key: string, seat: string, content: TileContent }
export interface Arrangement {
  tiles: Tile[]
  /** grid: all alike; pair: one large, oneself small on top of it; focus: one large, the others beside it. */
  mode: 'grid' | 'pair' | 'focus'
  main: string | null
}

/** Which tiles there are, and which of them is in front. */
export function arrange (state: CallState, media: MediaStream): Arrangement {
  const others = state.people.flatMap(person => tilesOf(person, state))
  const own = ownTile(state, media)
  const tiles = [...others, own]
  const main = frontTile(state, tiles)
  if (main) return { tiles, mode: 'focus', main: main.key }
  const [only] = others
  if (only && others.length === 1) return { tiles, mode: 'pair', main: only.key }
  return { tiles, mode: 'grid', main: null }
}

function frontTile (state: CallState, tiles: Tile[]): Tile | undefined {
  const shown = (kind: string) => (tile: Tile) => tile.seat === state.presented && tile.content.kind === kind
  const presented = tiles.find(shown('screen')) ?? tiles.find(shown('camera'))
  // One other person is in front anyway.
  if (presented && (tiles.length > 2 || presented.content.own)) return presented
  return tiles.findLast(({ content }) => content.kind === 'screen')
}

function tilesOf (person: Person, state: CallState): Tile[] {
  const { seat, name, connection } = person
  const camera: Tile = {
    key: `${seat} camera`,
    seat,
    content: {
      name,
      stream: cameraOf(person),
      kind: 'camera',
      own: false,
      microphone: person.microphone,
      picture: person.camera && cameraOf(person) !== null,
      speaking: person.speaking,
      connection,
      presented: state.presented === seat,
      canPresent: state.tools.includes('present_to_everyone'),
      canSnapshot: state.tools.includes('snapshot')
    }
  }
  const screen = screenOf(person)
  if (!screen) return [camera]
  const content: TileContent = { ...camera.content, stream: screen, kind: 'screen', picture: true, speaking: false, canPresent: false, canSnapshot: false }
  return [camera, { key: `${seat} screen`, seat, content }]
}

function ownTile (state: CallState, media: MediaStream): Tile {
  const seat = state.you?.seat ?? ''
  return {
    key: 'own',
    seat,
    content: {
      name: state.you?.name ?? '',
      stream: state.camera ? media : null,
      kind: 'camera',
      own: true,
      microphone: state.microphone,
      picture: state.camera,
      speaking: false,
      connection: 'connected',
      presented: state.presented !== null && state.presented === seat,
      canPresent: state.people.length > 0 && state.tools.includes('present_to_everyone'),
      canSnapshot: false
    }
  }
}
