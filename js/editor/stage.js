/**
 * The stage: picture, masks, arrows and cursor on one canvas. Draws once per animation frame, and only when asked.
 *
 * @import {
 *   Drawing, Handle, PictureSource, Point, Pointer, Projection, Scene, Size, StagePicture, StageView, Vec
 * } from './types.js'
 * @import { ClipFrames } from './clip.js'
 * @import { EditorStore } from './store.js'
 * @import { PreviewRequest } from './preview-request.js'
 */
import { Backdrop } from './backdrop.js'
import { arrowsOf } from './accessors.js'
import { translateComponents } from './document.js'
import { cameraMotion, cameraMoves } from './camera.js'
import { cameraHandles } from './camera-gestures.js'
import { contextOf } from './canvas.js'
import { cssColor, drawnColor } from './colors.js'
import { drawControlPicture, drawPoints } from './control-points.js'
import { fracToPx, pxToFrac } from './geometry.js'
import { drawGrid, drawLength, drawThirds } from './guides.js'
import { MaskLayer } from './masks.js'
import { applyMotion } from './motion.js'
import { PictureCopies, proxyOf, sizeOf } from './picture-copies.js'
import { poseFrame } from './pose.js'
import { corners } from './selection.js'
import { motionInRaster, MotionPreview } from './motion-preview.js'
import { preferences } from './preferences.js'
import { ifEndedNow } from './readout.js'
import { clampView, fitView, fracToStage, panView, stageToFrac, zoomView } from './view.js'
import {
  drawArrows, drawBrushCursor, drawCamera, drawDraftArrow, drawFrame, drawHold, drawLabel, drawLasso,
  drawPoseFrame, handleFrame,
} from './arrows.js'

/** Without a picture the stage has the shape of SVD's native frames. @type {StagePicture} */
const BLANK = Object.freeze({ source: null, proxy: null, width: 1024, height: 576 })
const MARGIN = 10
/** The camera's frame needs more room, as a share of the stage's shorter side. */
const CAMERA_MARGIN = 0.11
/** How strongly components from upstream are drawn: they cannot be touched here. */
const GHOST_ALPHA = 0.55

export class Stage {
  /** @param {EditorStore} store @param {PreviewRequest} previewRequest */
  constructor(store, previewRequest) {
    this.store = store
    this.previewRequest = previewRequest
    this.canvas = document.createElement('canvas')
    this.canvas.className = 'trackgo-canvas'
    this.context = contextOf(this.canvas)
    this.masks = new MaskLayer(() => this.request())
    this.preview = new MotionPreview()
    /** @type {StagePicture} */
    this.picture = BLANK
    this.copies = new PictureCopies(BLANK)
    /** In CSS pixels. */
    this.width = 0
    this.height = 0
    /** @type {StageView} */
    this.view = { scale: 1, x: 0, y: 0 }
    /** Whether the whole picture is shown, and goes on being shown when the stage changes its size. */
    this.fitted = true
    /** What was last kept free around a fitted picture, in CSS pixels. */
    this.margin = 0
    /** @type {Pointer|null} */
    this.pointer = null
    /** @type {Handle|null} */
    this.hovered = null
    /** Of the animation frame it will draw at, or 0. */
    this.pending = 0
    this.backdrop = new Backdrop()
    /** The other frames, where several arrive. @type {ClipFrames|null} */
    this.clip = null
    /** How often it has drawn: tests read it to see that an idle editor draws nothing. */
    this.drawn = 0
  }

  // ---- scene: what gestures need to know -------------------------------------------------------------------

  /** @returns {Scene} */
  get scene() {
    const { width, height } = this.picture
    return {
      width, height,
      toStage: (frac) => fracToStage(this.view, frac, width, height),
      insideMask: (index, frac) => this.masks.inside(index + this.store.offset, frac),
      extent: (index) => this.masks.extent(index + this.store.offset),
    }
  }

  /** @param {Vec} stage_px */
  toFrac(stage_px) {
    return stageToFrac(this.view, stage_px, this.picture.width, this.picture.height)
  }

  // ---- picture, size and view -------------------------------------------------------------------------------

  /** @param {PictureSource|null} source @param {Size|null} [shape] that a picture not known yet will have */
  setPicture(source, shape = null) {
    if (!source) {
      this.picture = shape ? { source: null, proxy: null, ...shape } : BLANK
    } else {
      const { width, height } = sizeOf(source)
      this.picture = { source, width, height, proxy: proxyOf(source) }
    }
    this.copies = new PictureCopies(this.picture)
    this.masks.resize(this.picture.width, this.picture.height)
    this.fit()
  }

  /** The stage's size in CSS pixels changed. @param {number} width @param {number} height */
  resize(width, height) {
    if (width === this.width && height === this.height) return
    const before = [this.width, this.height]
    this.width = width
    this.height = height
    if (this.fitted) this.fit()
    else this.view = panView(this.view, (width - before[0]) / 2, (height - before[1]) / 2)
    this.request()
  }

  fit() {
    this.fitted = true
    this.view = fitView(this.width, this.height, this.picture.width, this.picture.height, this.#margin())
    this.request()
  }

  /** The camera's frame may be larger than the picture, and is turned from outside: that needs room. */
  #margin() {
    const room = this.store.view.tool === 'camera' ? CAMERA_MARGIN * Math.min(this.width, this.height) : 0
    return Math.max(MARGIN, room)
  }

  /** Fitted to the stage, the picture makes room for a tool that needs some. */
  keepFit() {
    const margin = this.#margin()
    if (margin === this.margin) return
    this.margin = margin
    if (this.fitted) this.fit()
  }

  /** @param {number} factor @param {number} [x] the place that stays where it is, on the stage @param {number} [y] */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const { width, height } = this.picture
    const minScale = fitView(this.width, this.height, width, height, MARGIN).scale / 2
    this.#setView(zoomView(this.view, factor, x, y, minScale))
  }

  /** @param {number} dx in CSS pixels @param {number} dy */
  pan(dx, dy) {
    this.#setView(panView(this.view, dx, dy))
  }

  /** @param {StageView} view */
  #setView(view) {
    this.fitted = false
    this.view = clampView(view, this.width, this.height, this.picture.width, this.picture.height)
    this.request()
  }

  // ---- drawing --------------------------------------------------------------------------------------------

  /** Draw at the next animation frame. */
  request() {
    if (this.pending) return
    this.pending = requestAnimationFrame(() => {
      this.pending = 0
      this.draw()
    })
  }

  stop() {
    cancelAnimationFrame(this.pending)
    this.pending = 0
    this.preview.stop()
  }

  /** Soon, if nothing else changes and the editor is in use, make ready what the first frame of playback needs. */
  prepare() {
    this.preview.prepareSoon(() => {
      const { picture, store, masks } = this
      const used = this.canvas.closest('.trackgo')?.matches(':hover, :focus-within')
      if (!used || !picture.source || store.draft || store.view.frame !== 0) return
      this.preview.prepare(picture, store.merged(store.drawing), masks)
    })
  }

  draw() {
    if (!this.width || !this.height) return
    this.drawn += 1
    const { context } = this
    const ratio = window.devicePixelRatio || 1
    const [w, h] = [Math.round(this.width * ratio), Math.round(this.height * ratio)]
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h]
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, this.width, this.height)
    const drawing = this.#shown()
    this.updateMasks()
    const { current: trajectories } = this.previewRequest
    const { frame, modelPreview } = this.store.view
    if (trajectories && modelPreview === 'picture') {
      this.#drawPicture()
      drawControlPicture(context, trajectories, frame, this.scene)
      this.#drawCursor()
      return
    }
    if (frame > 0) {
      const { playing } = this.store.view
      const under = preferences.clipFrames && !playing ? this.clip?.at(frame) ?? null : null
      this.#drawPicture(under)
      this.#inRasterSpace(() => this.#drawPreview(drawing, under !== null))
      this.#drawUntouched(drawing)
    } else {
      /** @type {Vec} */
      const corner = [this.view.x * ratio, this.view.y * ratio]
      const form = `${this.view.scale} ${w} ${h}`
      const paint = (/** @type {CanvasRenderingContext2D} */ ink) => this.#drawBackdrop(ink, drawing)
      const final = this.backdrop.draw(context, this.#backdropKey(drawing), form, corner, paint)
      if (!final) this.request()
      this.#inRasterSpace(() => this.#drawActiveMask(drawing))
      this.prepare()
    }
    this.#drawOver(drawing)
    if (trajectories) drawPoints(context, trajectories, frame, this.scene)
  }

  /** The component that a gesture is changing, or the selected one. */
  get #active() {
    return this.store.draft?.index ?? this.store.view.selected
  }

  /** It, and what moves with it; the others wait in the backdrop. @returns {readonly number[]} */
  get #actives() {
    const { draft } = this.store
    return draft?.kind === 'move' ? draft.indices : [this.#active]
  }

  /** @param {Drawing} drawing */
  #backdropKey(drawing) {
    const { store, picture, masks } = this
    const { maskOpacity, outlineOnly } = preferences
    /** @type {unknown[]} */
    const key = [picture, masks.size, `${this.#actives} ${store.view.also} ${maskOpacity} ${outlineOnly}`]
    const merged = store.merged(drawing)
    for (const [i, component] of merged.components.entries()) {
      if (this.#actives.includes(i - store.offset)) continue
      key.push(component, masks.entries[i]?.raster, cssColor(drawnColor(merged, i)))
    }
    return key
  }

  /**
   * Picture, and everything of the components that nobody is touching.
   * @param {CanvasRenderingContext2D} ink
   * @param {Drawing} drawing
   */
  #drawBackdrop(ink, drawing) {
    const { context } = this
    this.context = ink
    try {
      this.#drawPicture()
      this.#inRasterSpace(() => this.#drawOtherMasks(this.store.merged(drawing)))
      this.#drawUntouched(drawing)
    } finally {
      this.context = context
    }
  }

  /** Bring the masks up to the document. @returns where each has pixels; undefined where that is not known yet */
  updateMasks() {
    this.masks.resize(this.picture.width, this.picture.height)
    this.masks.update(this.store.merged(this.store.drawing))
    return this.masks.boxes
  }

  /**
   * The document with unfinished changes, but without an arrow in progress, which is drawn on top; it, or a stroke in
   * progress, may be on a component not saved yet.
   * @returns {Drawing}
   */
  #shown() {
    const { draft, shown } = this.store
    if (draft?.kind === 'arrow' && draft.before) return draft.base
    if (draft?.kind !== 'move') return shown
    const { indices, du, dv } = draft
    const bare = { ...shown, components: shown.components.map((c) => ({ ...c, mask: undefined })) }
    const moved = translateComponents(bare, indices, du, dv).components
    const components = shown.components.map((c, i) => (indices.includes(i) ? { ...moved[i], mask: c.mask } : c))
    return { ...shown, components }
  }

  /** @param {PictureSource|null} [frame] of the clip that arrives, in the picture's place */
  #drawPicture(frame = null) {
    const { context, picture, view } = this
    const [w, h] = [picture.width * view.scale, picture.height * view.scale]
    if (frame) {
      context.drawImage(frame, view.x, view.y, w, h)
      return
    }
    if (picture.source) {
      const ratio = window.devicePixelRatio || 1
      const { proxy } = picture
      const enough = proxy && proxy.width >= picture.width * view.scale * ratio
      context.imageSmoothingEnabled = view.scale < 3
      context.drawImage(enough ? proxy : picture.source, view.x, view.y, w, h)
      context.imageSmoothingEnabled = true
      return
    }
    context.fillStyle = 'rgba(128, 128, 128, 0.14)'
    context.fillRect(view.x, view.y, w, h)
    context.strokeStyle = 'rgba(128, 128, 128, 0.5)'
    context.setLineDash([6, 5])
    context.strokeRect(view.x + 0.5, view.y + 0.5, w - 1, h - 1)
    context.setLineDash([])
  }

  /** Unit: one mask raster pixel, origin at the picture's corner, clipped to the picture. @param {() => void} paint */
  #inRasterSpace(paint) {
    const { context, picture, view, masks } = this
    context.save()
    context.translate(view.x, view.y)
    context.scale((picture.width * view.scale) / masks.size.width, (picture.height * view.scale) / masks.size.height)
    context.beginPath()
    context.rect(0, 0, masks.size.width, masks.size.height)
    context.clip()
    paint()
    context.restore()
  }

  /** @param {Drawing} own @param {boolean} traced whether masks are shown over other frames, and not what they move */
  #drawPreview(own, traced) {
    const { frame, frames } = this.store.view
    const { picture } = this
    const drawing = this.store.merged(own)
    if (picture.source && !traced) {
      this.preview.draw(this.context, picture, drawing, this.masks, frame, frames)
      return
    }
    for (const [i, component] of drawing.components.entries()) {
      const entry = component.hidden ? null : this.masks.tint(i)
      if (!entry) continue
      this.context.save()
      this.context.transform(...motionInRaster(drawing, component, this.masks.size, picture, frame, frames))
      this.context.drawImage(entry.tint, entry.box.x0, entry.box.y0)
      this.context.restore()
    }
  }

  /** @param {Drawing} merged */
  #drawOtherMasks(merged) {
    const { context, masks, store } = this
    for (const [i, component] of merged.components.entries()) {
      const entry = component.hidden || this.#actives.includes(i - store.offset) ? null : masks.tint(i)
      if (!entry) continue
      context.globalAlpha = i < store.offset ? GHOST_ALPHA : 1
      context.drawImage(entry.tint, entry.box.x0, entry.box.y0)
    }
    context.globalAlpha = 1
  }

  /** @param {Drawing} drawing */
  #drawActiveMask(drawing) {
    const { context, masks, store } = this
    const { draft, offset } = store
    const active = this.#active
    if (draft?.kind === 'stroke') {
      context.drawImage(masks.drawLive(active + offset, draft.stroke, store.color(active)).canvas, 0, 0)
      return
    }
    masks.endLive()
    const [dx, dy] = draft?.kind === 'move' ? [draft.du * masks.size.width, draft.dv * masks.size.height] : [0, 0]
    for (const index of this.#actives) {
      const entry = index < 0 || drawing.components[index]?.hidden ? null : masks.tint(index + offset)
      if (entry) context.drawImage(entry.tint, entry.box.x0 + dx, entry.box.y0 + dy)
    }
  }

  /** Everything with a constant size on the stage. @param {Drawing} drawing */
  #drawOver(drawing) {
    const { context, store } = this
    const { view, draft } = store
    const scene = this.#filmedScene(store.merged(drawing))
    if (preferences.grid) drawGrid(context, this.picture, this.view, [this.width, this.height])
    if (preferences.thirds) drawThirds(context, this.picture, this.view)
    for (const i of this.#actives) this.#drawComponentArrows(drawing, i, scene)
    this.#drawGroup()
    if (draft?.kind === 'arrow') drawDraftArrow(context, draft, cssColor(store.color(draft.index)), scene)
    if (draft?.kind === 'stroke' && draft.stroke.tool.startsWith('lasso')) {
      drawLasso(context, draft.stroke, cssColor(store.color(draft.index)), scene)
      if (draft.box) drawFrame(context, corners(draft.box).map(scene.toStage))
    }
    if (view.frame === 0 && (view.tool === 'camera' || cameraMoves(drawing))) {
      drawCamera(context, cameraHandles(drawing, scene), view.tool === 'camera', [this.width, this.height])
    }
    if (preferences.ruler && view.tool !== 'camera') {
      const arrows = arrowsOf(ifEndedNow(drawing, draft).components[this.#active] ?? {})
      for (const arrow of arrows) drawLength(context, arrow, scene, this.width)
    }
    const frame = draft?.kind === 'drawing' || !draft ? poseFrame(store, this.scene) : null
    if (frame) drawPoseFrame(context, frame)
    this.#drawCursor()
  }

  /** Arrows and pins of all components but the active one. @param {Drawing} drawing */
  #drawUntouched(drawing) {
    const scene = this.#filmedScene(this.store.merged(drawing))
    this.#drawGhosts(scene)
    for (const i of drawing.components.keys()) {
      if (!this.#actives.includes(i)) this.#drawComponentArrows(drawing, i, scene)
    }
  }

  /** @param {Drawing} drawing @param {number} index @param {Projection} scene */
  #drawComponentArrows(drawing, index, scene) {
    const { context, store } = this
    const { view, draft } = store
    const component = drawing.components[index]
    if (!component || component.hidden) return
    const color = cssColor(store.color(index, drawing))
    const chosen = index === view.selected && index === this.#active
    const selected = chosen || view.also.includes(index)
    const alone = chosen && view.also.length === 0
    const handles = alone && view.frame === 0 && !view.playing && view.tool !== 'camera' && !component.locked
    drawArrows(context, component, color, scene, { ...view, selected, handles })
    const holds = arrowsOf(component).length === 0 && draft?.index !== index
    if (holds && view.frame === 0) this.#drawHold(index + store.offset, color)
  }

  /** A frame round each of several selected masks. */
  #drawGroup() {
    const { store: { draft, group, view }, scene } = this
    if (group.length < 2 || view.frame > 0) return
    const [du, dv] = draft?.kind === 'move' ? [draft.du, draft.dv] : [0, 0]
    for (const index of group) {
      const extent = scene.extent(index)
      if (!extent) continue
      const { left, top, right, bottom } = extent
      const [x, y] = this.#actives.includes(index) ? [du, dv] : [0, 0]
      drawFrame(this.context, corners([left + x, top + y, right + x, bottom + y]).map(scene.toStage))
    }
  }

  /**
   * After the first frame arrows belong to the scene, which the camera moves.
   * @param {Drawing} drawing
   * @returns {Projection}
   */
  #filmedScene(drawing) {
    const { scene } = this
    const { frame, frames } = this.store.view
    if (frame === 0 || !cameraMoves(drawing)) return scene
    const { width, height } = scene
    const motion = cameraMotion(drawing, frame, frames, width, height)
    /** @param {Point} frac */
    const filmed = (frac) => pxToFrac(applyMotion(motion, fracToPx(frac, width, height)), width, height)
    return { width, height, toStage: (frac) => scene.toStage(filmed(frac)) }
  }

  /** Components from upstream: seen, never touched. @param {Projection} scene */
  #drawGhosts(scene) {
    const { context, store } = this
    context.save()
    context.globalAlpha = GHOST_ALPHA
    for (const [i, component] of store.arrivals.components.entries()) {
      if (component.hidden) continue
      const color = cssColor(store.color(i - store.offset))
      drawArrows(context, component, color, scene, { ...store.view, selected: false, handles: false, arrow: -1 })
      if (arrowsOf(component).length === 0 && store.view.frame === 0) this.#drawHold(i, color)
    }
    context.restore()
  }

  /** @param {number} index counted with what arrives @param {string} color */
  #drawHold(index, color) {
    const box = this.masks.entries[index]?.box
    if (!box) return
    const { width, height } = this.masks.size
    const middle = this.scene.toStage([(box.x0 + box.x1) / 2 / width, (box.y0 + box.y1) / 2 / height])
    drawHold(this.context, middle, color)
  }

  #drawCursor() {
    const { pointer, store, context, hovered } = this
    if (!pointer) return
    const { tool, radius, selected, frames } = store.view
    const index = store.draft?.index ?? Math.max(selected, 0)
    if (tool === 'brush' || tool === 'erase') {
      const size = radius * this.picture.width * this.view.scale
      const erasing = pointer.eraser || (tool === 'erase') !== pointer.alt
      drawBrushCursor(context, pointer.stage, size, cssColor(store.color(index)), erasing)
    } else if (hovered && !store.draft) {
      const component = store.drawing.components[hovered.index]
      const arrow = component && arrowsOf(component)[hovered.arrow]
      if (!arrow?.points[hovered.point]) return
      const text = handleFrame(component, arrow, hovered.point, frames, this.scene)
      drawLabel(context, this.scene.toStage(arrow.points[hovered.point]), text, this.width)
    }
  }
}
