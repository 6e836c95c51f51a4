/**
 * The command "TrackGo: motion for this picture": lays a graph around a selected node with a picture that needs nothing
 * but a drawing. In the command palette, in the menu Extensions → TrackGo, and in the node's own menu.
 */
import { app } from '../../scripts/app.js'
import { motionPlan, realModel } from './graph/plan.js'

const ID = 'TrackGo.MotionForPicture'
const LABEL = 'TrackGo: motion for this picture'
const UNKNOWN_SIZE = { width: 1024, height: 576 }

/** @param {ComfyNode} node @returns {number} its output that is a picture, or −1 */
const pictureOutput = (node) => node.outputs?.findIndex(({ type }) => type === 'IMAGE') ?? -1

/** The selected node with a picture, else the only Load Image there is. @returns {ComfyNode|null} */
function pictureNode() {
  const selected = Object.values(app.canvas.selected_nodes ?? {}).filter((node) => pictureOutput(node) >= 0)
  if (selected.length) return selected[0]
  const { nodes = [] } = app.canvas.graph ?? app.graph
  const loaders = /** @type {ComfyNode[]} */ (nodes).filter(({ type }) => type === 'LoadImage')
  return loaders.length === 1 ? loaders[0] : null
}

/**
 * What a combo of a node that is not in the graph offers.
 * @param {string} type
 * @param {string} name
 * @returns {string[]}
 */
function offered(type, name) {
  const values = LiteGraph.createNode(type)?.widgets?.find((widget) => widget.name === name)?.options?.values
  return Array.isArray(values) ? values.map(String) : []
}

/** @param {ComfyNode} node @param {string} name */
const slotOf = (node, name) => node.inputs?.findIndex((input) => input.name === name) ?? -1

/** @param {string} detail */
function tell(detail) {
  const toast = app.extensionManager?.toast
  if (toast) toast.add({ severity: 'warn', summary: LABEL, detail, life: 6000 })
  else console.warn(`${LABEL}: ${detail}`)
}

/** @param {ComfyNode|null} [picture] */
function lay(picture = pictureNode()) {
  if (!picture) return tell('Select a node with a picture first, for example Load Image.')
  const graph = /** @type {ComfyGraph} */ (picture.graph ?? app.graph)
  const shown = picture.imgs?.[0]
  const size = shown?.naturalWidth ? { width: shown.naturalWidth, height: shown.naturalHeight } : UNKNOWN_SIZE
  const real = realModel(offered('ImageOnlyCheckpointLoader', 'ckpt_name'), offered('TrackGoLoader', 'trackgo_name'))
  const plan = motionPlan(size, real)
  /** @type {Record<string, ComfyNode>} */
  const made = { picture }
  const missing = Object.values(plan.nodes).find(({ type }) => !LiteGraph.registered_node_types[type])
  if (missing) return tell(`This ComfyUI has no node ${missing.type}.`)
  const [left, top] = [picture.pos[0] + picture.size[0], picture.pos[1]]
  graph.beforeChange?.()
  for (const [name, { type, at, size: wanted, set = {} }] of Object.entries(plan.nodes)) {
    const node = LiteGraph.createNode(type)
    if (!node) continue
    node.pos = [left + at[0], top + at[1]]
    graph.add?.(node)
    if (wanted) node.setSize(wanted)
    for (const widget of node.widgets ?? []) if (widget.name in set) widget.value = set[widget.name]
    made[name] = node
  }
  for (const [from, output, to, input] of plan.links) {
    const slot = from === 'picture' ? pictureOutput(picture) : output
    made[from]?.connect?.(slot, made[to], slotOf(made[to], input))
  }
  graph.afterChange?.()
  app.canvas.setDirty(true, true)
  return undefined
}

app.registerExtension({
  name: 'TrackGo.MotionCommand',
  commands: [{ id: ID, label: LABEL, icon: 'pi pi-arrow-up-right', function: () => lay() }],
  menuCommands: [{ path: ['Extensions', 'TrackGo'], commands: [ID] }],
  getNodeMenuItems(node) {
    return node.type === 'LoadImage' ? [{ content: LABEL, callback: () => lay(node) }] : []
  },
})
