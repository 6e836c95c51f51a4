/**
 * Shows on a TrackGo node what its last run said (nodes/notices.py): a score or a warning, below its widgets. ComfyUI's
 * own text on a node goes when the run ends.
 */
import { app } from '../../scripts/app.js'

const NAME = 'trackgo_text'
const HEIGHT = 56
const STYLE = 'box-sizing: border-box; overflow: auto; padding: 4px; font: 12px sans-serif; color: var(--input-text)'

/**
 * @param {ComfyNode} node
 * @param {string} text
 */
function show(node, text) {
  let widget = node.widgets?.find(({ name }) => name === NAME)
  if (!widget && !text) return
  if (!widget) {
    const element = document.createElement('div')
    element.style.cssText = STYLE
    element.dataset.trackgoText = ''
    widget = node.addDOMWidget(NAME, NAME, element, {
      getValue: () => element.textContent ?? '',
      setValue: (value) => {
        element.textContent = value
      },
      getMinHeight: () => (element.textContent ? HEIGHT : 0),
      getMaxHeight: () => (element.textContent ? HEIGHT : 0),
      hideOnZoom: false,
      serialize: false,
    })
    widget.serialize = false
  }
  widget.value = text
  const [width, height] = node.size
  node.setSize([width, Math.max(height, node.computeSize()[1])])
  app.canvas.setDirty(true, true)
}

app.registerExtension({
  name: 'TrackGo.NodeText',
  nodeCreated(node) {
    if (!node.comfyClass?.startsWith('TrackGo')) return
    const before = node.onExecuted
    node.onExecuted = function (output, ...more) {
      before?.call(this, output, ...more)
      show(this, output?.text?.[0] ?? '')
    }
  },
})
