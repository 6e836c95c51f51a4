/** What the editor's modules hand each other. Declarations only: the page never loads this file. */

// ---- places and sizes ---------------------------------------------------------------------------------------

/** (x, y) in pixels of the picture, the stage or a raster, as the parameter's name or comment says. */
export type Vec = [number, number]
/** (u, v): fractions of the picture's width and height. They may lie outside 0–1. */
export type Point = [number, number]
export type Size = { width: number; height: number }
/** A part of a raster; x1 and y1 are exclusive. */
export type Box = { x0: number; y0: number; x1: number; y1: number }
/** z' = a·z + b over complex numbers, each kept as [re, im]; in pixels. */
export type Similarity = { a: Vec; b: Vec }
/** Each 0–255. */
export type Rgb = readonly [number, number, number]

// ---- the version-1 drawing document -------------------------------------------------------------------------

export type Curve = 'straight' | 'smooth'
export type Easing = 'linear' | 'ease-in' | 'ease-out' | 'ease-in-out'

/** radius: in frame widths, above 0. */
export type BrushStroke = { tool: 'brush' | 'erase'; radius: number; points: Point[] }
/** clicks: of a selection, where what it outlines was clicked. */
export type LassoStroke = { tool: 'lasso' | 'lasso-erase'; points: Point[]; clicks?: Point[] }
/** radius: in frame widths; how far the whole mask grows or shrinks. */
export type ResizeStroke = { tool: 'grow' | 'shrink'; radius: number }
export type FrameStroke = { tool: 'fill' | 'invert' }
export type Stroke = BrushStroke | LassoStroke | ResizeStroke | FrameStroke

/** png: base64, what the strokes start from; source "input": the node's mask input says what is in the mask. */
export type Mask = { strokes?: Stroke[]; png?: string | null; source?: string }
export type Arrow = { points: Point[]; curve?: Curve }
/** A stay on the way: place is a share of the way, span one of the time that a run takes. */
export type Hold = { place: number; span: number }
export type Playback = 'once' | 'reverse' | 'ping-pong' | 'loop'
/** x1, y1, x2, y2 of a speed that was drawn, each 0–1. */
export type Bezier = readonly [number, number, number, number]
/**
 * When something moves: start and end are fractions of the clip. bezier: in the place of easing; times: how many ways
 * ping-pong and loop run between start and end.
 */
export type Timing = {
  start?: number
  end?: number
  easing?: Easing
  bezier?: Bezier | null
  holds?: readonly Hold[]
  playback?: Playback
  times?: number
}
export type Component = Timing & {
  name?: string
  mask?: Mask
  arrows?: Arrow[]
  hidden?: boolean
  locked?: boolean
}
/** pan: frame widths to the right and heights down; zoom: a factor; turn: degrees clockwise. */
export type Camera = Timing & { pan?: [number, number]; zoom?: number; turn?: number }
export type WholeCamera = Camera & Required<Pick<Camera, 'pan' | 'zoom' | 'turn'>>
/** image: the uploaded picture that serves where none is connected, as ComfyUI names it. */
export type Drawing = { version: 1; components: Component[]; image?: string | null; camera?: Camera }

/** The part of the picture that the camera sees in the end. */
export type CameraView = {
  /** In pixels from the picture's corner. */
  centre: Vec
  /** How many times that part is enlarged. */
  zoom: number
  /** How far the picture turns, in degrees clockwise. */
  turn: number
}

/** Undo and redo over immutable values, one entry per finished gesture. */
export type History<T> = { readonly past: readonly T[]; readonly present: T; readonly future: readonly T[] }

// ---- the editor's state -------------------------------------------------------------------------------------

export type Tool =
  | 'select' | 'wand' | 'brush' | 'erase' | 'lasso' | 'lasso-erase' | 'fill' | 'bucket' | 'arrow' | 'freehand' | 'camera'
/** What of the model's view is shown: nothing, the control points, or the control picture P itself. */
export type ModelPreview = 'off' | 'points' | 'picture'

/** How the document is being looked at; never saved. */
export type ViewState = {
  /** Index of the selected component, or −1; arrow and point likewise, within it. */
  selected: number
  /** The indices of what else is selected; never `selected` itself. */
  also: readonly number[]
  arrow: number
  point: number
  tool: Tool
  /** The brush's, in frame widths. */
  radius: number
  /** The next arrow's. */
  curve: Curve
  /** The one shown, 0-based. */
  frame: number
  frames: number
  playing: boolean
  /** One sentence for the status line, or ''. */
  hint: string
  modelPreview: ModelPreview
  /** How many pixels a mask grows or shrinks by. */
  growth: number
  /** By how much colors may differ that are filled together, 0–255. */
  tolerance: number
}

/**
 * An arrow in progress. base: the document it is added to; before: the history without it, null while it has but one
 * point and is not in the document; rubber: where the pointer is.
 */
export type ArrowDraft = {
  kind: 'arrow'
  index: number
  base: Drawing
  before: History<Drawing> | null
  points: Point[]
  rubber: Point | null
  curve: Curve
}
/** indices: all that move. */
export type MoveDraft = { kind: 'move'; index: number; indices: readonly number[]; du: number; dv: number }
/** box: the one that an outline is sought in: left, top, right, bottom in fractions. */
export type StrokeDraft = {
  kind: 'stroke'
  index: number
  stroke: BrushStroke | LassoStroke
  box?: [number, number, number, number]
}
export type DrawingDraft = { kind: 'drawing'; drawing: Drawing; index?: undefined }
/** An unfinished gesture: shown, never saved. index: the component it changes. */
export type Draft = DrawingDraft | MoveDraft | StrokeDraft | ArrowDraft

/** What the last run found upstream: components before the document's own, masks for its empty ones. */
export type Arrivals = {
  readonly components: readonly Component[]
  readonly masks: readonly Mask[]
  readonly camera?: Camera
}

/** Where a painting gesture goes, or why it goes nowhere. */
export type PaintTarget = { drawing: Drawing; index: number; refusal?: undefined }
export type Refusal = { refusal: string }

// ---- gestures -----------------------------------------------------------------------------------------------

export type Pointer = {
  /** CSS pixels on the stage. */
  stage: Vec
  frac: Point
  alt: boolean
  shift: boolean
  /** Or the command key. */
  ctrl: boolean
  /** 0–1. */
  pressure: number
  pen: boolean
  /** A pen's other end. */
  eraser: boolean
}
/** latest: only where the pointer is now matters, not the way there. */
export type Gesture = { latest?: boolean; move: (at: Pointer) => void; up: (at: Pointer) => void; cancel: () => void }
/** The picture's size in pixels, and where its places are on the stage. */
export type Projection = Size & { toStage: (frac: Point) => Vec }
/** What gestures need to know of the stage. */
export type Scene = Projection & {
  insideMask: (index: number, frac: Point) => boolean
  /** What a component's mask covers, in fractions; null where it is empty. */
  extent: (index: number) => { left: number; top: number; right: number; bottom: number } | null
}
/** A point of an arrow of a component. */
export type Handle = { index: number; arrow: number; point: number }
/** The camera frame's handles on the stage; corners from its top left, clockwise. */
export type CameraHandles = { corners: Vec[]; top: Vec; centre: Vec; knob: Vec }
export type CameraPart = 'pan' | 'zoom' | 'turn'

// ---- stage --------------------------------------------------------------------------------------------------

/** Zoom and pan of the stage. scale: CSS pixels per picture pixel; x, y: where the picture's corner is. */
export type StageView = { scale: number; x: number; y: number }
/** data: 1 inside, 0 outside, row-major. */
export type Raster = Size & { data: Uint8Array }
/** A component's mask as a raster. box: the smallest around it, null where it is empty; tint: its colored cut-out. */
/** look: the preferences that its tint shows. */
export type MaskEntry = {
  look: string
  mask: Mask | undefined
  raster: Raster
  box: Box | null
  rgb: Rgb
  tint: HTMLCanvasElement | null
}
export type TintedEntry = MaskEntry & { box: Box; tint: HTMLCanvasElement }
/** The mask of a stroke in progress. done: how many of its points are drawn. */
export type LiveMask = {
  index: number
  tool: string
  points: Point[]
  raster: Raster
  canvas: HTMLCanvasElement
  done: number
}
export type PictureSource = HTMLImageElement | HTMLCanvasElement | ImageBitmap
/** A picture to draw from. proxy: a reduced copy of a large one. */
export type Picture = Size & { source: PictureSource; proxy: HTMLCanvasElement | null }
/** Without a picture the stage still has a shape. */
export type StagePicture = Picture | (Size & { source: null; proxy: null })

// ---- what the model will see --------------------------------------------------------------------------------

/** Control points as the server computes them. tracks: [L, N, 2] in pixels; visible: [L, N]. */
export type Trajectories = Size & {
  frames: number
  tracks: Float32Array
  visible: Uint8Array
  /** The component of each point, counted over the visible ones from 0. */
  component: number[]
  /** Components without any point. */
  empty: number[]
}
/** The same as it comes over the wire: tracks and visibility are base64. */
export type TrajectoriesAnswer = Size & {
  frames: number
  tracks: string
  visibility: string
  component: number[]
  empty: number[]
}
/** The size and seed that trajectories are computed with. */
export type Target = Size & { seed: number }
/** Frames of the trajectories that the graph makes of a drawing, and of the video it samples; null: not known. */
export type FrameCounts = { tracks: number | null; video: number | null }

// ---- the graph, as far as it is read ------------------------------------------------------------------------

export type NodeId = number | string
export type Link = { origin_id: NodeId; origin_slot: number; target_id: NodeId; target_slot: number }
export type Graph = {
  id?: string
  nodes?: GraphNode[]
  links?: Map<unknown, Link> | Record<number, Link>
  getNodeById: (id: NodeId) => GraphNode | null | undefined
  setDirtyCanvas?: (foreground: boolean, background: boolean) => void
}
export type Widget = {
  name: string
  type?: string
  value?: unknown
  callback?: (value: unknown) => void
  onRemove?: () => void
}
export type GraphNode = {
  id: NodeId
  type?: string
  mode?: number
  graph?: Graph
  subgraph?: Graph
  inputs?: { name: string; type?: string; widget?: { name: string } }[]
  outputs?: { type?: string }[]
  widgets?: Widget[]
  /** What the node shows of its own. */
  imgs?: { src: string }[]
  imageIndex?: number | null
  /** It is there for the page alone: runs see what it stands for. */
  isVirtualNode?: boolean
  getInputLink?: (slot: number) => Link | null | undefined
}
/** A node, and the subgraph nodes around it, outermost first, as far as they are known. */
export type Place = { node: GraphNode; path: readonly GraphNode[] }
/** An output of a node. */
export type Origin = Place & { slot: number }
/** A file of ComfyUI's; type: input, output or temp. */
export type ComfyFile = { filename: string; subfolder?: string; type?: string }
/** What nodes reported after their last run, by node. */
export type NodeOutputs = Record<string, { images?: ComfyFile[] } | undefined>

export type ScaleStep = { kind: 'scale'; width: number; height: number; centred: boolean }
export type CropStep = { kind: 'crop'; x: number; y: number; width: number; height: number }
/** What a node on the way does to the frame. */
export type Step = ScaleStep | CropStep
/** The part (x, y, w, h) of a picture, in its pixels, shown at width × height. */
export type Framing = Size & { x: number; y: number; w: number; h: number }
/**
 * Several frames that arrive: the pictures themselves, or how the batch is taken from a video. rate: frames per second,
 * null for the file's own; skip: how many are left out first; every: of so many one is taken.
 */
export type Clip =
  | { urls: string[]; rate?: undefined; skip?: undefined; every?: undefined }
  | { urls?: undefined; rate: number | null; skip: number; every: number }
/** exact: certainly what the input will carry. */
export type FoundPicture = { url: string; exact: boolean; clip?: Clip; own?: Step[] }

// ---- between the editor and its host ------------------------------------------------------------------------

/** linked: whether anything is connected; url: null where its picture is not known, and shape then what is known. */
export type Incoming = { linked: boolean; url: string | null; steps: Step[]; shape: Size | null; clip?: Clip | null }
/** What a run reports of the drawing and mask inputs. */
export type ReportedArrivals = { drawing: string; masks: Mask[] }

/** What the editor asks of the page around it. */
export type Host = {
  onChange: (text: string) => void
  forwardWheel: (event: WheelEvent) => void
  /** Puts the element into the page where the page does not do so itself. */
  mount: (element: HTMLElement) => void
  frames: () => number
  /**
   * The picture that arrives; own: the document's, which serves where nothing is connected; unplayable: videos that the
   * browser cannot show.
   */
  picture: (own: string | null, unplayable: ReadonlySet<string>) => Incoming
  /** Which node of which graph this is: the same after ComfyUI built it anew. */
  place: () => string
  /** What feeds an input, or null. */
  origin: (input: string) => string | null
  /** Hands a picture to ComfyUI; resolves to its name there. */
  upload: (file: File, folder: string) => Promise<string>
  /** Takes a file that was not for the editor. */
  pass: (file: File) => void
  /** Says when to look at the graph. */
  watch: import('./watch.js').Watch
  /** Counts up whenever the texts are another language's. */
  language: () => number
  /** Asks the server for trajectories. */
  post: (body: string, signal: AbortSignal) => Promise<Response>
  /** Asks the server what is in a box or under clicks. */
  select: (body: string, signal: AbortSignal) => Promise<Response>
  /** At which size and seed the graph computes trajectories, if it says so. */
  target: () => Target | null
  frameCounts: () => FrameCounts
}

/** An entry of a menu. */
export type MenuItem = { label: string; icon?: string; checked?: boolean; disabled?: boolean; act: () => void }
/** Texts in a language, by group; what is missing stays English. */
export type Messages = Partial<Record<'text' | 'hints' | 'easings' | 'shortcuts' | 'problems', Record<string, string>>>
