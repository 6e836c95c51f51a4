/** Line icons on a 16 × 16 grid, drawn with the text color. */

/** The lasso's loop. */
const OUTLINE = '<path d="M8 2.7c3.2 0 5.5 1.6 5.5 3.7S11.2 10.1 8 10.1c-3.2 0-5.5-1.6-5.5-3.7S4.8 2.7 8 2.7z" '
  + 'stroke-dasharray="2.3 1.6"/>'

const ALIGN = '<path d="M2.5 2v12M5 4h8.5v3H5zM5 9.5h5v3H5z"/>'
const CENTRE = '<path d="M8 1.5V4m0 3v2.5m0 3v2M3 4h10v3H3zM5.5 9.5h5v3h-5z"/>'
/** @param {string} path @param {number} degrees clockwise */
const turned = (path, degrees) => `<g transform="rotate(${degrees} 8 8)">${path}</g>`

/** @type {Readonly<Record<string, string>>} */
const PATHS = {
  select: '<path d="M3.5 2.5l3.6 10.2 1.7-4.3 4.3-1.7z"/>',
  wand:
    '<path d="M3 13l6.5-6.5M10.5 2.2v2.4M10.5 8.4v2.4M6.2 6.5h2.4M12.4 6.5h2.4M7.6 3.6l1.4 1.4M13.4 3.6L12 5"/>',
  brush:
    '<path d="M13.3 2.7c-2.6.9-5.3 3.3-6.8 5.6l1.3 1.3c2.3-1.5 4.7-4.2 5.5-6.9z"/>'
    + '<path d="M6.2 8.9c-1.7-.1-2.6 1-2.8 2.3-.1.8-.5 1.4-1.2 1.7 1.9.7 5.3.4 5.3-2.7"/>',
  erase: '<path d="M9.3 2.9l3.8 3.8-5.9 5.9H5l-2.5-2.5z"/><path d="M6.3 5.9l3.8 3.8M7.2 12.6h6"/>',
  lasso: `${OUTLINE}<path d="M5 9.7c-1.1.5-1.2 2 .1 2.1 1.3 0 1.2-1.7-.1-2.1zM5 11.9c-.1.9-.7 1.5-1.5 1.7"/>`,
  'lasso-erase': `${OUTLINE}<path d="M9.5 13.2h4M5.7 6.4h4.6"/>`,
  fill: '<rect x="2.5" y="3.5" width="11" height="9" rx="1"/><path d="M5 10.5l5-5M8 10.5l3-3M5 7.5l2-2"/>',
  bucket:
    '<path d="M6.8 2.4l5.5 5.5-4.7 4.7a1.2 1.2 0 01-1.7 0L2.5 9.2a1.2 1.2 0 010-1.7z"/><path d="M2.4 8.4h9.4"/>'
    + '<path d="M13.3 10c.8 1.2 1.2 1.8 1.2 2.4a1.2 1.2 0 01-2.4 0c0-.6.4-1.2 1.2-2.4z"/>',
  mask:
    '<circle cx="7" cy="7.5" r="4.8"/><path d="M7 2.7a4.8 4.8 0 010 9.6z" fill="currentColor" stroke="none"/>'
    + '<path d="M12 13.2l1.2-1.2 1.2 1.2z" fill="currentColor"/>',
  invert: '<circle cx="8" cy="8" r="5.3"/><path d="M8 2.7a5.3 5.3 0 010 10.6z" fill="currentColor" stroke="none"/>',
  arrow: '<path d="M3 13L12.5 3.5M7 3.3h5.7V9"/><circle cx="3" cy="13" r=".9" fill="currentColor"/>',
  freehand: '<path d="M2.5 12.5c2.5-7 4.5-6.5 4.8-3.5s2.2 2.5 5.7-4M9.5 4.3l3.6-.2.4 3.6"/>',
  straight: '<path d="M2.5 12l4-7 4 6 3-6.5"/>',
  smooth: '<path d="M2.5 12c2.5-9.5 4.5-9 6-4s3 4 5-3.5"/>',
  camera: '<rect x="1.8" y="4.8" width="8.7" height="6.9" rx="1.2"/><path d="M10.5 7.6l3.7-2v5.3l-3.7-2"/>',
  undo: '<path d="M5.5 3L2.5 6l3 3"/><path d="M2.7 6h6.5a4 3.5 0 010 7H6"/>',
  redo: '<path d="M10.5 3l3 3-3 3"/><path d="M13.3 6H6.8a4 3.5 0 000 7H10"/>',
  trash: '<path d="M2.7 4.3h10.6M6 4V2.7h4V4M4 4.5l.6 8.8h6.8l.6-8.8M6.7 7v3.8M9.3 7v3.8"/>',
  'model-preview':
    '<rect x="2" y="3" width="12" height="10" rx="1.2"/>'
    + '<path d="M5 6h1.4v1.4H5zM9.6 5h1.4v1.4H9.6zM7.4 9h1.4v1.4H7.4zM11 9.6h1v1h-1z" '
    + 'fill="currentColor" stroke="none"/>',
  'model-preview-picture':
    '<rect x="2" y="3" width="12" height="10" rx="1.2" fill="currentColor"/>'
    + '<path d="M5 6h1.4v1.4H5zM9.6 5h1.4v1.4H9.6zM7.4 9h1.4v1.4H7.4z" fill="#000" stroke="none"/>',
  picture:
    '<rect x="2.5" y="3" width="11" height="10" rx="1.2"/><circle cx="5.8" cy="6.2" r="1.1"/>'
    + '<path d="M3 11.5l3.3-3 2.2 2 2.3-2.7 2.5 2.9"/>',
  open: '<path d="M2.5 12.5v-9h4l1.3 1.6h5.7v2M2.5 12.5l2-5.4h10l-2 5.4z"/>',
  save: '<path d="M8 2.5v7M5 6.8l3 3 3-3M2.7 10.5v2.8h10.6v-2.8"/>',
  fit:
    '<path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3"/>'
    + '<rect x="5.3" y="6" width="5.4" height="4" rx=".5"/>',
  expand: '<path d="M9.5 2.5h4v4M13.3 2.7L9.3 6.7M6.5 13.5h-4v-4M2.7 13.3l4-4"/>',
  shrink: '<path d="M13.3 6.7h-4v-4M9.5 6.5l4-4M2.7 9.3h4v4M6.5 9.5l-4 4"/>',
  check: '<path d="M3 8.5l3.3 3.3L13 4.8"/>',
  view:
    '<path d="M2.5 4h5.2M11.3 4h2.2M2.5 8h1.2M7.3 8h6.2M2.5 12h6.2M12.3 12h1.2"/><circle cx="9.5" cy="4" r="1.7"/>'
    + '<circle cx="5.5" cy="8" r="1.7"/><circle cx="10.5" cy="12" r="1.7"/>',
  play: '<path d="M4.5 2.8v10.4L13 8z" fill="currentColor"/>',
  pause: '<path d="M5 3v10M11 3v10" stroke-width="2.5"/>',
  plus: '<path d="M8 3v10M3 8h10"/>',
  eye:
    '<path d="M1.5 8C3 5.2 5.3 3.8 8 3.8S13 5.2 14.5 8C13 10.8 10.7 12.2 8 12.2S3 10.8 1.5 8z"/>'
    + '<circle cx="8" cy="8" r="1.9"/>',
  'eye-off':
    '<path d="M3.5 10.5C2.7 9.8 2 9 1.5 8 3 5.2 5.3 3.8 8 3.8c.6 0 1.2.1 1.7.2M12.3 5.4c.9.7 1.6 1.5 2.2 2.6-1.5'
    + ' 2.8-3.8 4.2-6.5 4.2-.8 0-1.5-.1-2.2-.4M2.5 13.5l11-11"/>',
  lock: '<rect x="3.5" y="7" width="9" height="6.5" rx="1"/><path d="M5.5 7V5.2a2.5 2.5 0 015 0V7"/>',
  unlock: '<rect x="3.5" y="7" width="9" height="6.5" rx="1"/><path d="M5.5 7V5.2a2.5 2.5 0 014.8-1"/>',
  more:
    '<circle cx="3.5" cy="8" r="1.2" fill="currentColor" stroke="none"/>'
    + '<circle cx="8" cy="8" r="1.2" fill="currentColor" stroke="none"/>'
    + '<circle cx="12.5" cy="8" r="1.2" fill="currentColor" stroke="none"/>',
  help:
    '<circle cx="8" cy="8" r="6"/>'
    + '<path d="M6.2 6.3c.1-1.1.8-1.7 1.8-1.7s1.8.7 1.8 1.6c0 1.3-1.7 1.4-1.7 2.7M8 11.2v.3"/>',
  'align-left': ALIGN,
  'align-centre': CENTRE,
  'align-right': turned(ALIGN, 180),
  'align-top': turned(ALIGN, 90),
  'align-middle': turned(CENTRE, 90),
  'align-bottom': turned(ALIGN, 270),
  linear: '<path d="M3 13L13 3"/>',
  'ease-in': '<path d="M3 13C8 13 11.5 10 13 3"/>',
  'ease-out': '<path d="M3 13C4.5 6 8 3 13 3"/>',
  'ease-in-out': '<path d="M3 13c6 0 4-10 10-10"/>',
  bezier: '<path d="M3 13C9 13 7 3 13 3M3 13h5M13 3H8"/><circle cx="9" cy="13" r="1"/><circle cx="7" cy="3" r="1"/>',
  once: '<path d="M2.5 8h11M10 4.5L13.5 8 10 11.5"/>',
  reverse: '<path d="M13.5 8h-11M6 4.5L2.5 8 6 11.5"/>',
  'ping-pong': '<path d="M2.5 5.5h11M10.8 2.8l2.7 2.7-2.7 2.7M13.5 10.5h-11M5.2 7.8l-2.7 2.7 2.7 2.7"/>',
  loop: '<path d="M3 9.5V8a3 3 0 013-3h7M10.5 2.5L13 5l-2.5 2.5M13 6.8V8a3 3 0 01-3 3H3M5.5 8.5L3 11l2.5 2.5"/>',
  stay: '<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2.2"/>',
}

/** @param {string} name @returns {string} SVG markup */
export function icon(name) {
  if (!(name in PATHS)) throw new RangeError(`There is no icon "${name}".`)
  return drawn(PATHS[name])
}

/** @param {string} paths */
const drawn = (paths) => (
  `<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" `
    + `stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`)

/** A speed that was drawn, as an icon of its own. @param {import('./types.js').Bezier} curve */
export const curveIcon = (curve) => drawn(`<path d="${curvePath(curve, 3, 13, 10)}"/>`)

/**
 * @param {import('./types.js').Bezier} curve
 * @param {number} left
 * @param {number} bottom
 * @param {number} side
 * @returns {string} an SVG path
 */
export function curvePath([x1, y1, x2, y2], left, bottom, side) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => `${left + side * x} ${bottom - side * y}`
  return `M${at(0, 0)}C${at(x1, y1)} ${at(x2, y2)} ${at(1, 1)}`
}
