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
  clearAll: 'Remove all components',
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
})

export const EASING_NAMES = Object.freeze({
  linear: 'Linear', 'ease-in': 'Ease in', 'ease-out': 'Ease out', 'ease-in-out': 'Ease in and out',
})

export const SHORTCUTS = Object.freeze([
  ['V', 'select and move'], ['B / E', 'brush / eraser'], ['L / Shift+L', 'lasso / lasso eraser'], ['G', 'mask the whole frame'],
  ['A / P', 'arrow / freehand arrow'], ['S', 'smooth or straight'], ['[  ]', 'brush size'], ['N', 'new component'],
  ['PageUp / PageDown', 'previous / next component'], ['Enter / Esc', 'finish / cancel an arrow'],
  ['Arrow keys', 'move the selected point or component by 1 px, Shift 10 px'], ['Delete', 'delete point, arrow or component'],
  ['Ctrl+Z / Ctrl+Shift+Z', 'undo / redo'], ['Ctrl+C / Ctrl+V', 'copy / paste the component'], ['Space', 'play; hold and drag to pan'],
  ['Wheel', 'zoom (click into the editor first)'], ['0  +  −', 'fit, zoom in, zoom out'], ['F', 'full screen'],
])
