/**
 * TrackGo's section in ComfyUI's settings: what a person prefers in every editor. The editor's language follows
 * ComfyUI's own; the colors of components are those of P, which the model was trained on.
 */
import { app } from '../../scripts/app.js'
import { preferences } from './editor/preferences.js'

/** @type {(name: keyof typeof preferences, share?: number) => (value: unknown) => void} */
const sets = (name, share = 1) => (value) => {
  if (typeof value === 'number' && Number.isFinite(value)) preferences[name] = value * share
}

app.registerExtension({
  name: 'TrackGo.Settings',
  settings: [
    {
      id: 'TrackGo.Brush', name: 'Brush width at the start, % of the picture’s width',
      category: ['TrackGo', 'Editor', 'Brush'], type: 'slider', attrs: { min: 1, max: 40, step: 1 },
      defaultValue: 200 * preferences.brush, onChange: sets('brush', 1 / 200),
    },
    {
      id: 'TrackGo.MaskOpacity', name: 'How strongly masks cover the picture, %',
      category: ['TrackGo', 'Editor', 'MaskOpacity'], type: 'slider', attrs: { min: 20, max: 100, step: 5 },
      defaultValue: 100 * preferences.maskOpacity, onChange: sets('maskOpacity', 1 / 100),
    },
    {
      id: 'TrackGo.PlaybackFps', name: 'Playback, frames per second',
      category: ['TrackGo', 'Editor', 'PlaybackFps'], type: 'slider', attrs: { min: 1, max: 30, step: 1 },
      defaultValue: preferences.playbackFps, onChange: sets('playbackFps'),
    },
  ],
})
