/** Line icons on a 16 × 16 grid, drawn with the text colour. */

const PATHS = {
  select: '<path d="M3.5 2.5l3.6 10.2 1.7-4.3 4.3-1.7z"/>',
  brush: '<path d="M13.3 2.7c-2.6.9-5.3 3.300-6.800 5.600l1.300 1.300c2.300-1.500 4.700-4.200 5.500-6.900z"/><path d="M6.200 8.900c-1.700-.1-2.600 1-2.800 2.300-.1.800-.5 1.400-1.200 1.700 1.900.7 5.300.400 5.300-2.700"/>',
  erase: '<path d="M9.300 2.900l3.800 3.800-5.900 5.900H5l-2.500-2.500z"/><path d="M6.300 5.900l3.800 3.800M7.200 12.600h6"/>',
  lasso: '<path d="M8 2.700c3.200 0 5.500 1.600 5.500 3.700S11.200 10.100 8 10.100c-3.200 0-5.500-1.600-5.500-3.700S4.800 2.700 8 2.700z" stroke-dasharray="2.300 1.600"/><path d="M5 9.700c-1.100.500-1.200 2 .1 2.100 1.300 0 1.200-1.700-.1-2.100zM5 11.900c-.1.900-.700 1.500-1.500 1.700"/>',
  'lasso-erase': '<path d="M8 2.700c3.200 0 5.500 1.600 5.500 3.700S11.200 10.100 8 10.100c-3.200 0-5.500-1.600-5.500-3.700S4.800 2.700 8 2.700z" stroke-dasharray="2.300 1.600"/><path d="M9.500 13.200h4M5.700 6.400h4.600"/>',
  fill: '<rect x="2.500" y="3.500" width="11" height="9" rx="1"/><path d="M5 10.500l5-5M8 10.500l3-3M5 7.500l2-2"/>',
  mask: '<circle cx="7" cy="7.500" r="4.800"/><path d="M7 2.700a4.800 4.800 0 010 9.600z" fill="currentColor" stroke="none"/><path d="M12 13.200l1.200-1.200 1.200 1.200z" fill="currentColor"/>',
  invert: '<circle cx="8" cy="8" r="5.300"/><path d="M8 2.700a5.300 5.300 0 010 10.600z" fill="currentColor" stroke="none"/>',
  arrow: '<path d="M3 13L12.500 3.500M7 3.300h5.700V9"/><circle cx="3" cy="13" r=".9" fill="currentColor"/>',
  freehand: '<path d="M2.500 12.500c2.500-7 4.500-6.500 4.800-3.500s2.200 2.500 5.700-4M9.500 4.300l3.600-.2.400 3.600"/>',
  straight: '<path d="M2.500 12l4-7 4 6 3-6.500"/>',
  smooth: '<path d="M2.500 12c2.500-9.500 4.500-9 6-4s3 4 5-3.500"/>',
  camera: '<rect x="1.800" y="4.800" width="8.700" height="6.900" rx="1.200"/><path d="M10.500 7.600l3.700-2v5.300l-3.700-2"/>',
  undo: '<path d="M5.500 3L2.500 6l3 3"/><path d="M2.700 6h6.500a4 3.500 0 010 7H6"/>',
  redo: '<path d="M10.500 3l3 3-3 3"/><path d="M13.300 6H6.800a4 3.500 0 000 7H10"/>',
  trash: '<path d="M2.700 4.300h10.600M6 4V2.700h4V4M4 4.500l.6 8.800h6.800l.6-8.800M6.700 7v3.800M9.300 7v3.800"/>',
  'model-preview': '<rect x="2" y="3" width="12" height="10" rx="1.200"/><path d="M5 6h1.400v1.400H5zM9.600 5h1.400v1.400H9.600zM7.400 9h1.400v1.400H7.400zM11 9.600h1v1h-1z" fill="currentColor" stroke="none"/>',
  'model-preview-picture': '<rect x="2" y="3" width="12" height="10" rx="1.200" fill="currentColor"/><path d="M5 6h1.400v1.400H5zM9.600 5h1.400v1.400H9.600zM7.400 9h1.400v1.400H7.400z" fill="#000" stroke="none"/>',
  picture: '<rect x="2.500" y="3" width="11" height="10" rx="1.200"/><circle cx="5.800" cy="6.200" r="1.100"/><path d="M3 11.500l3.300-3 2.200 2 2.300-2.700 2.500 2.900"/>',
  open: '<path d="M2.500 12.500v-9h4l1.300 1.600h5.700v2M2.500 12.500l2-5.400h10l-2 5.400z"/>',
  save: '<path d="M8 2.500v7M5 6.800l3 3 3-3M2.700 10.500v2.800h10.600v-2.800"/>',
  fit: '<path d="M2.500 5.500v-3h3M10.500 2.500h3v3M13.500 10.500v3h-3M5.500 13.500h-3v-3"/><rect x="5.300" y="6" width="5.400" height="4" rx=".5"/>',
  expand: '<path d="M9.500 2.500h4v4M13.300 2.700L9.300 6.700M6.500 13.500h-4v-4M2.700 13.300l4-4"/>',
  shrink: '<path d="M13.300 6.700h-4v-4M9.500 6.500l4-4M2.700 9.300h4v4M6.500 9.500l-4 4"/>',
  play: '<path d="M4.500 2.800v10.400L13 8z" fill="currentColor"/>',
  pause: '<path d="M5 3v10M11 3v10" stroke-width="2.500"/>',
  plus: '<path d="M8 3v10M3 8h10"/>',
  eye: '<path d="M1.500 8C3 5.200 5.300 3.800 8 3.800S13 5.200 14.500 8C13 10.800 10.700 12.200 8 12.200S3 10.800 1.500 8z"/><circle cx="8" cy="8" r="1.900"/>',
  'eye-off': '<path d="M3.500 10.500C2.700 9.800 2 9 1.500 8 3 5.200 5.300 3.800 8 3.800c.6 0 1.200.1 1.700.2M12.300 5.400c.9.700 1.600 1.500 2.200 2.600-1.500 2.800-3.800 4.200-6.500 4.200-.8 0-1.500-.1-2.200-.4M2.500 13.500l11-11"/>',
  lock: '<rect x="3.500" y="7" width="9" height="6.500" rx="1"/><path d="M5.500 7V5.200a2.500 2.500 0 015 0V7"/>',
  unlock: '<rect x="3.500" y="7" width="9" height="6.500" rx="1"/><path d="M5.500 7V5.200a2.500 2.500 0 014.800-1"/>',
  more: '<circle cx="3.500" cy="8" r="1.200" fill="currentColor" stroke="none"/><circle cx="8" cy="8" r="1.200" fill="currentColor" stroke="none"/><circle cx="12.500" cy="8" r="1.200" fill="currentColor" stroke="none"/>',
  help: '<circle cx="8" cy="8" r="6"/><path d="M6.200 6.300c.1-1.100.8-1.700 1.800-1.700s1.800.7 1.800 1.600c0 1.300-1.700 1.400-1.700 2.700M8 11.200v.3"/>',
  linear: '<path d="M3 13L13 3"/>',
  'ease-in': '<path d="M3 13C8 13 11.500 10 13 3"/>',
  'ease-out': '<path d="M3 13C4.500 6 8 3 13 3"/>',
  'ease-in-out': '<path d="M3 13c6 0 4-10 10-10"/>',
}

/** @param {keyof PATHS} name @returns {string} SVG markup */
export function icon(name) {
  if (!(name in PATHS)) throw new RangeError(`There is no icon "${name}".`)
  return `<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" `
    + `stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${PATHS[name]}</svg>`
}
