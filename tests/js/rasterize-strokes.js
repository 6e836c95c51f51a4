import { applyStroke, createRaster } from '../../js/editor/rasterize.js'

/** A whole mask at once. */
export function rasterizeStrokes(strokes, width, height) {
  const raster = createRaster(width, height)
  for (const stroke of strokes) applyStroke(raster, stroke)
  return raster
}
