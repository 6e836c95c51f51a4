/** Every text the editor shows, in one place. */

export const TEXT = Object.freeze({
  select: 'Select and move (V)',
  brush: 'Brush: paint the mask (B). Alt erases',
  erase: 'Eraser (E)',
  lasso: 'Lasso: mask an outline (L). Alt erases',
  'lasso-erase': 'Lasso eraser (Shift+L)',
  fill: 'Mask the whole frame (G)',
  arrow: 'Arrow (A): drag, or click point by point',
  freehand: 'Freehand arrow (P)',
  camera: 'Camera (C): pan, zoom and turn everything',
  curve: 'Smooth or straight arrow (S)',
  radius: 'Brush size ([ and ])',
  undo: 'Undo (Ctrl+Z)',
  redo: 'Redo (Ctrl+Shift+Z)',
  clear: 'Clear…',
  fit: 'Fit the picture (0)',
  expand: 'Full screen (F)',
  shrink: 'Leave full screen (Esc)',
  help: 'Shortcuts (?)',
  play: 'Play the motion (Space)',
  pause: 'Pause (Space)',
  scrub: 'Frame',
  add: 'Add a component (N)',
  hide: 'Hide: takes no part in masks or motion',
  show: 'Show',
  lock: 'Lock',
  unlock: 'Unlock',
  remove: 'Delete component',
  easing: 'Easing',
  start: 'Start of the motion',
  end: 'End of the motion',
  clearMask: 'Clear this mask',
  clearArrows: 'Remove these arrows',
  clearCamera: 'Remove the camera movement',
  clearAll: 'Remove all components',
  cameraName: 'Camera',
  cameraReset: 'Camera at rest: no pan, zoom or turn',
  cameraNumbers: 'Where the picture is at the end of the camera movement',
  duplicate: 'Duplicate',
  rename: 'Rename',
  up: 'Move up',
  down: 'Move down',
  empty: 'Paint a mask on the picture, then draw an arrow.',
  noPicture: 'Connect a picture to “image”, then paint and draw here.',
  runOnce: 'Run the graph once to see the picture here; you can already draw.',
  elsewhere: 'Open in full screen. Click to bring it back.',
  document: 'The drawing as text',
  useText: 'Use the corrected text',
  startOver: 'Start over with an empty drawing',
  label: 'TrackGo editor: paint masks and draw arrows on the picture',
})

/** What the status line says for a tool. */
export const HINTS = Object.freeze({
  select: 'Drag a handle, an arrow or a mask · double-click an arrow to add a point · Alt+click a handle removes it',
  brush: 'Paint what should move · [ ] size · Alt erases',
  erase: 'Erase from the mask · [ ] size',
  lasso: 'Draw around what should move · Alt erases',
  'lasso-erase': 'Draw around what should not move',
  fill: 'Click to mask the whole frame',
  arrow: 'Drag for a straight arrow · or click points, double-click or Enter to finish',
  freehand: 'Draw the path in one go',
  camera: 'The frame is what the camera sees in the end · drag it to pan, a corner to zoom, the knob or outside to turn',
})

export const EASING_NAMES = Object.freeze({
  linear: 'Linear', 'ease-in': 'Ease in', 'ease-out': 'Ease out', 'ease-in-out': 'Ease in and out',
})

/** The camera's numbers: how far the picture has moved, in the end. */
export const CAMERA_FIELDS = Object.freeze({
  panX: { label: '→', unit: '%', title: 'How far the picture moves to the right, in % of its width; negative: left' },
  panY: { label: '↓', unit: '%', title: 'How far the picture moves down, in % of its height; negative: up' },
  zoom: { label: 'Zoom', unit: '×', title: 'How large the picture is at the end; above 1 the camera comes closer' },
  turn: { label: 'Turn', unit: '°', title: 'How far the picture turns clockwise' },
})

export const SHORTCUTS = Object.freeze([
  ['V', 'select and move'], ['B / E', 'brush / eraser'], ['L / Shift+L', 'lasso / lasso eraser'], ['G', 'mask the whole frame'],
  ['A / P', 'arrow / freehand arrow'], ['S', 'smooth or straight'], ['C', 'camera; with it: arrow keys pan, [ ] zoom, , . turn'], ['[  ]', 'brush size'], ['N', 'new component'],
  ['PageUp / PageDown', 'previous / next component'], ['Enter / Esc', 'finish / cancel an arrow'],
  ['Arrow keys', 'move the selected point or component by 1 px, Shift 10 px'], ['Delete', 'delete point, arrow or component'],
  ['Ctrl+Z / Ctrl+Shift+Z', 'undo / redo'], ['Ctrl+C / Ctrl+V', 'copy / paste the component'], ['Space', 'play; hold and drag to pan'],
  ['Wheel', 'zoom (click into the editor first)'], ['0  +  −', 'fit, zoom in, zoom out'], ['F', 'full screen'],
])
