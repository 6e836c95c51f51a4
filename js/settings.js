/**
 * TrackGo's section in ComfyUI's settings: what a person prefers in every editor. The editor's own menus change
 * the same settings. The editor's language follows ComfyUI's own.
 */
import { app } from '../../scripts/app.js'
import { keeper, prefer, preferences } from './editor/preferences.js'

/** @typedef {keyof typeof preferences} Name */

/** How many times larger a number is in the settings. @type {Partial<Record<Name, number>>} */
const UNITS = { brush: 200, maskOpacity: 100 }
/** @type {Partial<Record<Name, string>>} */
const IDS = {}

/** @param {Name} name */
const shown = (name) => {
  const value = preferences[name]
  return typeof value === 'number' ? Number((value * (UNITS[name] ?? 1)).toFixed(3)) : value
}

/** @type {(name: Name, setting: { id: string, name: string }, limits?: [number, number, number]) => Setting} */
function setting(name, { id, name: label }, limits) {
  IDS[name] = id
  const [min, max, step] = limits ?? [0, 1, 1]
  return {
    id, name: label, category: ['TrackGo', 'Editor', id.replace('TrackGo.', '')], defaultValue: shown(name),
    ...(limits ? { type: 'slider', attrs: { min, max, step } } : { type: 'boolean' }),
    onChange: (value) => {
      if (typeof value === 'number' && Number.isFinite(value)) prefer({ [name]: value / (UNITS[name] ?? 1) })
      else if (typeof value === 'boolean') prefer({ [name]: value })
    },
  }
}

keeper.keep = (name) => {
  const id = IDS[name]
  if (id) void app.extensionManager?.setting?.set?.(id, shown(name))
}

app.registerExtension({
  name: 'TrackGo.Settings',
  settings: [
    setting('brush', { id: 'TrackGo.Brush', name: 'Brush width at the start, % of the picture’s width' }, [1, 40, 1]),
    setting('maskOpacity', { id: 'TrackGo.MaskOpacity', name: 'How strongly masks cover the picture, %' }, [0, 100, 5]),
    setting('maskHue', { id: 'TrackGo.MaskHue', name: 'Colors of masks: degrees from the model’s' }, [0, 345, 15]),
    setting('outlineOnly', { id: 'TrackGo.OutlineOnly', name: 'Show only the outlines of masks' }),
    setting('grid', { id: 'TrackGo.Grid', name: 'Show a grid of pixels' }),
    setting('thirds', { id: 'TrackGo.Thirds', name: 'Show guides at thirds' }),
    setting('snap', { id: 'TrackGo.Snap', name: 'Snap points to pixels' }),
    setting('ruler', { id: 'TrackGo.Ruler', name: 'Show the length of arrows' }),
    setting('clipFrames', { id: 'TrackGo.ClipFrames', name: 'Scrubbing shows the frames of a video that arrives' }),
    setting('playbackFps', { id: 'TrackGo.PlaybackFps', name: 'Playback, frames per second' }, [1, 30, 1]),
  ],
})
