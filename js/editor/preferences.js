/** What a person prefers in every editor; ../settings.js keeps it in ComfyUI's settings. No DOM. */

export const preferences = {
  /** The brush's first radius, in frame widths. */
  brush: 0.03,
  /** How strongly masks cover the picture within their outlines, 0–1. */
  maskOpacity: 1,
  /** By how many degrees the shown colors lie from those of P on the color wheel. */
  maskHue: 0,
  outlineOnly: false,
  grid: false,
  thirds: false,
  /** Whether points are put on whole pixels. */
  snap: false,
  /** Whether arrows say how long they are. */
  ruler: false,
  /** Whether scrubbing shows the frames that arrive, where several do. */
  clipFrames: true,
  /** Playback, in frames per second. */
  playbackFps: 8,
}

/** @type {Set<() => void>} */
const listeners = new Set()

/** @param {() => void} listener hears of every change @returns {() => void} unsubscribe */
export function onPreference(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Who keeps preferences for the next time; the page says. */
export const keeper = {
  /** @type {(name: keyof typeof preferences) => void} */
  keep: () => {},
}

/** @param {Partial<typeof preferences>} patch */
export function prefer(patch) {
  const before = /** @type {Record<string, unknown>} */ (preferences)
  if (Object.entries(patch).every(([name, value]) => before[name] === value)) return
  Object.assign(preferences, patch)
  for (const listener of listeners) listener()
}
