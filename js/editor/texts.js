/**
 * Every text the editor shows, in English. Other languages come from locales/ by way of `setTexts`; everything
 * reads these objects at the moment it shows a text. “%1” stands for a value (ComfyUI's own translator claims braces).
 *
 * @import { Messages } from './types.js'
 */

export const TEXT = {
  select: 'Select and move (V)',
  wand: 'Select an object (W): click it, or drag a box round it. Alt takes away',
  wandFirst: 'Click what you want first; then Alt takes away from it.',
  wandWaits: 'Looking for its outline …',
  wandNothing: 'Nothing stands out there; click again, or drag a box round it.',
  wandPicture: 'There is no picture yet to select in.',
  wandOffline: 'The server does not answer, so nothing can be selected; paint with the brush (B).',
  wandMissing: 'This server cannot select; restart ComfyUI so that it loads TrackGo’s new version.',
  wandFailed: 'Nothing was selected:',
  brush: 'Brush: paint the mask (B). Alt erases',
  erase: 'Eraser (E)',
  lasso: 'Lasso: mask an outline (L). Alt erases',
  'lasso-erase': 'Lasso eraser (Shift+L)',
  fill: 'Mask the whole frame (G)',
  bucket: 'Fill what is alike (Shift+G): click a color. Alt takes away',
  tolerance: 'Tolerance',
  toleranceTitle: 'How far a color may lie from the clicked one, 0–255; the last fill follows',
  mask: 'Invert, grow or shrink the mask…',
  invert: 'Invert the mask (I)',
  grow: 'Grow the mask (Shift+])',
  shrinkMask: 'Shrink the mask (Shift+[)',
  growth: 'by',
  growthTitle: 'How many pixels of the picture the mask grows or shrinks',
  noMask: 'There is no mask yet; paint one first.',
  resizedOften: 'This mask was resized a hundred times; undo some of it.',
  arrow: 'Arrow (A): drag, or click point by point',
  freehand: 'Freehand arrow (P)',
  camera: 'Camera (C): pan, zoom and turn everything',
  curve: 'Smooth or straight arrow (S)',
  radius: 'Brush size ([ and ])',
  brushWidth: 'How wide the brush is, in pixels of the picture; type another width',
  undo: 'Undo (Ctrl+Z)',
  redo: 'Redo (Ctrl+Shift+Z)',
  clear: 'Clear…',
  modelPreview: 'Show what the model will see: the control points (M)',
  modelPreviewPicture: 'Show the control picture itself (M)',
  modelPreviewOff: 'Hide what the model will see (M)',
  modelPreviewNothing: 'Nothing is drawn yet: the model will see no points.',
  modelPreviewEmpty: 'No points yet, for want of a mask:',
  modelPreviewMissing: 'This server cannot show the points; restart ComfyUI so that it loads TrackGo’s new version.',
  modelPreviewOffline: 'The server does not answer, so the points cannot be shown.',
  modelPreviewFailed: 'The points cannot be shown:',
  view: 'View: masks, guides and snapping…',
  maskOpacity: 'Mask opacity',
  maskOpacityTitle: 'How strongly masks cover the picture within their outlines',
  maskHue: 'Mask colors',
  maskHueTitle: 'Shows all masks in other colors; 0°: those that the model sees',
  outlineOnly: 'Only outlines',
  outlineOnlyTitle: 'Show masks by their outlines alone',
  grid: 'Grid',
  gridTitle: 'Lines every so many pixels; zoomed in, every pixel',
  thirds: 'Thirds',
  thirdsTitle: 'Guides at thirds of the picture',
  snap: 'Snap to pixels',
  snapTitle: 'Arrows, outlines and what is moved keep to whole pixels',
  ruler: 'Length of arrows',
  rulerTitle: 'Arrows of the selected component say how long they are, in pixels of the picture',
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
  more: 'More…',
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
  cameraPanX: 'How far the picture moves to the right, in % of its width; negative: left',
  cameraPanY: 'How far the picture moves down, in % of its height; negative: up',
  cameraZoomLabel: 'Zoom',
  cameraZoom: 'How large the picture is at the end; above 1 the camera comes closer',
  cameraTurnLabel: 'Turn',
  cameraTurn: 'How far the picture turns clockwise',
  duplicate: 'Duplicate',
  rename: 'Rename',
  pointsTable: 'Points as a table…',
  table: 'x, y in pixels and the frame of each point; a blank line between arrows. The frame follows from the place.',
  tableLine: 'Line %1 is “%2”; it must be x, y and, if you like, the frame.',
  copyAs: 'Copy for %1',
  copied: 'Copied.',
  notCopied: 'The browser does not let this page copy; select the text and press Ctrl+C.',
  solo: 'Show it alone',
  showAll: 'Show all components',
  reorder: 'Drag to change the order: later ones lie on top',
  up: 'Move up',
  down: 'Move down',
  empty: 'Paint a mask on the picture, then draw an arrow.',
  noPicture: 'Connect a picture to “image”, or drop, paste or choose one here.',
  choosePicture: 'Choose a picture',
  runOnce: 'Run the graph once to see the picture here; you can already draw.',
  elsewhere: 'Open in full screen. Click to bring it back.',
  document: 'The drawing as text',
  useText: 'Use the corrected text',
  startOver: 'Start over with an empty drawing',
  label: 'TrackGo editor: paint masks and draw arrows on the picture',
  tools: 'Tools',
  components: 'Components',
  files: 'Picture and drawing files',
  uploadPicture: 'Choose a picture…',
  removePicture: 'Remove the picture',
  openDrawing: 'Open a drawing…',
  saveDrawing: 'Save the drawing as a file',
  stays: 'stays where it is',
  moves: 'moves along its arrow',
  turns: '%1 arrows: moves, turns and scales',
  readout: 'At the end of its motion: how large it is, how far it has turned and how far it has come. Click to type it',
  poseX: 'How far its middle has come to the right at the end, in pixels; negative: left',
  poseY: 'How far its middle has come down at the end, in pixels; negative: up',
  poseScale: 'How many times as large it is at the end',
  poseTurn: 'How many degrees it has turned clockwise at the end',
  poseNever: 'Its motion does not begin within the clip; give it an earlier start.',
  growsMuch: '“%1” becomes %2 times as large: its arrows start close together and end far apart.',
  shrinksMuch: '“%1” becomes %2 times as small: its arrows end much closer together than they start.',
  turnsMuch: '“%1” turns by %2°: its arrows lead far around each other.',
  nothingMoves: 'Nothing moves yet: draw an arrow (A), or move the camera (C).',
  coversNothing: '“%1” covers no pixel: paint its mask (B).',
  framesOfTracks: 'The graph samples %1 frames, but TrackGo Point Trajectories makes %2: set both to the same number.',
  framesOfEditor: 'The graph makes %1 frames, but this editor shows %2: set “frames” to %1.',
  frameOf: 'frame %1 of %2',
  afterFrame: 'after frame %1',
  pointOf: 'arrow %1, point %2 of %3',
  fromInput: 'arrives through “drawing”',
  isLocked: '“%1” is locked.',
  isHidden: '“%1” is hidden; show it to draw on it.',
  unreadable: 'The drawing cannot be read; see the message.',
  pictureConnected: 'A picture is connected to “image”. Disconnect it to use one of your own.',
  pictureMissing: 'The picture “%1” could not be loaded; choose another one.',
  uploading: 'Uploading “%1” …',
  uploadFailed: '“%1” could not be uploaded: %2',
  notADrawing: '“%1” is not a TrackGo drawing, so nothing was changed. %2',
  opened: 'Opened “%1”: %2 components. Undo brings the old drawing back.',
}

/** What the status line says for a tool. */
export const HINTS = {
  select: 'Drag a handle, an arrow or a mask · on a later frame, drag its frame to move, scale, turn'
    + ' · double-click an arrow to add a point · Alt+click a handle removes it',
  wand: 'Click an object, or drag a box round it · more clicks add, Alt takes away',
  brush: 'Paint what should move · [ ] size · Alt erases',
  erase: 'Erase from the mask · [ ] size',
  lasso: 'Draw around what should move · Alt erases',
  'lasso-erase': 'Draw around what should not move',
  fill: 'Click to mask the whole frame',
  bucket: 'Click a color: what is alike and connected is masked · Alt takes away',
  arrow: 'Drag for a straight arrow · or click points, double-click or Enter to finish',
  freehand: 'Draw the path in one go',
  camera: 'Drag the frame to pan, a corner to zoom, the knob or outside to turn',
}

export const EASING_NAMES = {
  linear: 'Linear', 'ease-in': 'Ease in', 'ease-out': 'Ease out', 'ease-in-out': 'Ease in and out',
}

/** Keys, a colon, and what they do. */
export const SHORTCUTS = {
  select: 'V: select and move',
  wand: 'W: select an object by clicks or a box',
  brush: 'B / E: brush / eraser',
  lasso: 'L / Shift+L: lasso / lasso eraser',
  fill: 'G / I: mask the whole frame / invert the mask',
  bucket: 'Shift+G: fill what is alike',
  resize: 'Shift+[ / Shift+]: shrink / grow the mask',
  arrow: 'A / P: arrow / freehand arrow',
  curve: 'S: smooth or straight',
  camera: 'C: camera; with it: arrow keys pan, [ ] zoom, , . turn',
  size: '[  ] or Alt+right drag: brush size',
  modelPreview: 'M: show what the model will see',
  add: 'N: new component',
  choose: 'PageUp / PageDown: previous / next component',
  finish: 'Enter / Esc: finish / cancel an arrow',
  points: ', / .: previous / next point of the arrows',
  nudge: 'Arrow keys: move the selected point or component by 1 px, Shift 10 px',
  remove: 'Delete: delete point, arrow or component',
  undo: 'Ctrl+Z / Ctrl+Shift+Z: undo / redo',
  copy: 'Ctrl+C / Ctrl+V: copy / paste the component; a picture pastes too',
  play: 'Space: play; hold and drag to pan',
  zoom: 'Wheel: zoom (click into the editor first)',
  view: '0  +  −: fit, zoom in, zoom out',
  full: 'F: full screen',
}

/** What is wrong with a drawing. The words of the document itself (its keys) stay as they are. */
export const PROBLEMS = {
  notJson: 'The drawing is not valid JSON: %1.',
  drawingObject: 'The drawing must be a JSON object, got %1.',
  version: "The drawing's version must be %1, got %2.",
  componentsList: "The drawing's components must be a list, got %1.",
  manyComponents: 'The drawing has %1 components; at most %2 are allowed.',
  image: "The drawing's image must be the name of an uploaded picture, got %1.",
  component: 'Component %1',
  componentNamed: 'Component %1 (%2)',
  stroke: '%1, stroke %2',
  arrow: '%1, arrow %2',
  point: '%1, point %2',
  camera: 'The camera',
  object: '%1: must be an object, got %2.',
  pointsList: '%1: points must be a list of [u, v] pairs, got %2.',
  fewPoints: '%1: needs at least %2 points, got %3.',
  manyPoints: '%1: has %2 points; at most %3 are allowed.',
  pair: '%1: must be a pair of numbers [u, v], got %2.',
  oneOf: '%1: %2 must be one of %3, got %4.',
  radius: "%1: radius must be above 0 and at most %2 (a fraction of the frame's width), got %3.",
  mask: '%1: mask must be an object, got %2.',
  png: '%1: png must be a greyscale PNG file as base64 text, at most 16384 pixels wide and high, got %2.',
  list: '%1: %2 must be a list, got %3.',
  resizings: '%1: the mask grows and shrinks %2 times; at most %3 are allowed.',
  budget: 'The drawing has %1 %2, %5 of them in %4; at most %3 are allowed.',
  deep: 'The drawing is nested too deeply: more than 64 lists or objects in each other.',
  infinite: 'The drawing holds a number that is not finite.',
  name: '%1: name must be text, got %2.',
  flag: '%1: %2 must be true or false, got %3.',
  range: '%1: %2 must be a number from %3 to %4, got %5.',
  order: '%1: start (%2) must not be after end (%3).',
  pan: '%1: pan must be a pair of numbers from −%2 to %2, got %3.',
  onePoint: '%1: needs at least 1 point, got 0.',
  curve: '%1: curve must be straight or smooth, got %2.',
  cameraObject: 'The camera must be an object, got %1.',
}

const GROUPS = { text: TEXT, hints: HINTS, easings: EASING_NAMES, shortcuts: SHORTCUTS, problems: PROBLEMS }
/** What locales/en must hold. */
export const ENGLISH = structuredClone(GROUPS)

/**
 * Show another language from now on; what it lacks stays English.
 * @param {Messages} [messages]
 */
export function setTexts(messages = {}) {
  const names = /** @type {(keyof typeof GROUPS)[]} */ (Object.keys(GROUPS))
  for (const name of names) Object.assign(GROUPS[name], ENGLISH[name], messages[name])
}

/**
 * The messages for a language out of ComfyUI's merged translations: exactly it, or its family (zh for zh-TW).
 * @param {Record<string, { trackgo?: Messages }>|null} all by language
 * @param {string} language
 * @returns {Messages}
 */
export function messagesFor(all, language) {
  const [family] = language.split('-')
  return all?.[language]?.trackgo ?? all?.[family]?.trackgo ?? {}
}

/** @param {string} template with %1, %2, … @param {...(string|number)} values */
export function fill(template, ...values) {
  return template.replace(/%(\d)/g, (_, n) => String(values[Number(n) - 1] ?? ''))
}
