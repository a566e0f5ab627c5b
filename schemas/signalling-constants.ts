/**
 * The numbers of the embedded room's protocol, apart from its schemas so that a browser gets them without a
 * validator.
 */
export const FILE_PIECE_BYTES = 64 * 1024
export const FILE_BYTES = 25 * 1024 * 1024
/** Pieces that a sender may have under way without a `file-progress` for them. */
export const FILE_PIECES_UNDER_WAY = 8
export const CHAT_CHARACTERS = 4000

/** Why the server closed the connection; the close frame's code. */
export const CLOSE_CODES = {
  /** The room was deleted, or its time is over. */
  roomClosed: 4001,
  /** The token is missing, wrong, expired or not for this room, or no `join` came in time. */
  refused: 4002,
  /** The same participant came in from elsewhere. */
  replaced: 4003,
  /** A message broke the protocol. */
  protocol: 4004,
  /** The room holds its maximum of people. */
  full: 4005,
  /** The service is closing; come back in a moment. */
  restarting: 4006,
  /** The participant was removed from the room; no token of his opens it any more. */
  removed: 4007
} as const
