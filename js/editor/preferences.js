/** What a person may prefer in every editor; ../settings.js sets it from ComfyUI's settings. */
export const preferences = {
  /** The brush's first radius, in frame widths. */
  brush: 0.03,
  /** How strongly masks cover the picture, 0–1. */
  maskOpacity: 1,
  /** Playback, in frames per second. */
  playbackFps: 8,
}
