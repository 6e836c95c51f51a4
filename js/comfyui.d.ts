/** What trackgo.js uses of ComfyUI's front end, from release 1.27 on. Declarations only: nothing loads this file. */

type TrackGoGraph = import('./editor/types.js').Graph

/** A node on the canvas, with what extensions may set and call. */
type ComfyNode = Omit<import('./editor/types.js').GraphNode, 'widgets' | 'graph' | 'imgs'> & {
  comfyClass?: string
  pos: [number, number]
  size: [number, number]
  widgets?: ComfyWidget[]
  graph?: ComfyGraph
  imgs?: HTMLImageElement[]
  connect?: (output: number, to: ComfyNode, input: number) => unknown
  computeSize: () => [number, number]
  setSize: (size: [number, number]) => void
  addDOMWidget: (name: string, type: string, element: HTMLElement, options: DOMWidgetOptions) => ComfyWidget
  getWidgetOnPos?: (...place: unknown[]) => ComfyWidget | undefined
  onExecuted?: (output: RunOutput, ...more: unknown[]) => void
  onConnectionsChange?: (...details: unknown[]) => void
  onRemoved?: (...details: unknown[]) => void
}

/** A graph that nodes can be added to; before and after that its history is told. */
type ComfyGraph = TrackGoGraph & {
  add?: (node: ComfyNode) => void
  beforeChange?: () => void
  afterChange?: () => void
}

type ComfyWidget = import('./editor/types.js').Widget & {
  /** A combo's choices. */
  options?: { values?: unknown }
  /** Whether a saved graph holds its value. */
  serialize?: boolean
  /** Ours: the editor that the widget shows. */
  trackgo?: import('./editor/editor.js').TrackGoEditor
}

type DOMWidgetOptions = {
  getValue: () => string
  setValue: (text: string) => void
  getMinHeight: () => number
  getMaxHeight?: () => number
  hideOnZoom: boolean
  serialize?: boolean
  socketless?: boolean
  margin?: number
}

/** What our node reports after a run. */
type RunOutput = {
  text?: string[]
  trackgo_image?: import('./editor/types.js').ComfyFile[]
  /** The other frames of a batch, reduced. */
  trackgo_frames?: import('./editor/types.js').ComfyFile[]
  trackgo_arrivals?: import('./editor/types.js').ReportedArrivals[]
} | null | undefined

/** What the server says of a node: its inputs as [type, options]. */
type NodeDefinition = {
  name: string
  input?: Partial<Record<'required' | 'optional', Record<string, [unknown, { tooltip?: string }?]>>>
}

type Extension = {
  name: string
  init?: () => Promise<void>
  getCustomWidgets?: () => Record<string, (node: ComfyNode, name: string) => object>
  beforeRegisterNodeDef?: (nodeType: unknown, nodeData: NodeDefinition) => void
  nodeCreated?: (node: ComfyNode) => void
  settings?: Setting[]
  commands?: { id: string, label: string, icon?: string, function: () => void }[]
  menuCommands?: { path: string[], commands: string[] }[]
  getNodeMenuItems?: (node: ComfyNode) => { content: string, callback: () => void }[]
  setup?: () => void
  afterConfigureGraph?: () => void
}

/** One of ComfyUI's settings; onChange is also called when the page has loaded it. */
type Setting = {
  id: string
  name: string
  category: string[]
  type: string
  attrs?: Record<string, number>
  defaultValue: unknown
  onChange: (value: unknown) => void
}

declare const LiteGraph: {
  createNode: (type: string) => ComfyNode | null
  registered_node_types: Record<string, unknown>
  /** Whether nodes are Vue components (Nodes 2.0) and not painted on the canvas. */
  vueNodesMode?: boolean
}

declare module '*/scripts/app.js' {
  export const app: {
    graph: TrackGoGraph
    /** In releases with subgraphs: the graph that holds all others. */
    rootGraph?: TrackGoGraph
    nodeOutputs?: import('./editor/types.js').NodeOutputs
    canvas: {
      canvas: HTMLCanvasElement
      graph?: TrackGoGraph
      selected_nodes?: Record<string, ComfyNode>
      setDirty: (foreground: boolean, background: boolean) => void
      /** Called whenever the graph has been drawn. */
      onDrawForeground?: (...details: unknown[]) => unknown
    }
    ui?: { settings?: Partial<EventTarget> }
    extensionManager?: {
      setting?: { get: (id: string) => unknown, set?: (id: string, value: unknown) => unknown }
      toast?: { add: (message: { severity: string, summary: string, detail: string, life: number }) => void }
      /** captureCanvasState in newer releases, checkState in older ones. */
      workflow?: { activeWorkflow?: { changeTracker?: { captureCanvasState?: () => void; checkState?: () => void } } }
    }
    registerExtension: (extension: Extension) => void
  }
}

declare module '*/scripts/api.js' {
  export const api: {
    apiURL: (path: string) => string
    addEventListener: (type: string, heard: () => void) => void
    fetchApi: (path: string, init?: RequestInit) => Promise<Response>
  }
}
