/** The editor's style sheet. Every color comes from ComfyUI's palette, so light and dark follow by themselves. */

const ID = 'trackgo-style'

const CSS = `
.trackgo-host { display: flex; width: 100%; height: 100%; min-height: 0; box-sizing: border-box; }
.lg-node .trackgo-host { min-height: 340px; }
/* Some releases give an unknown widget only its least height; the editor is the last of two rows and takes the rest. */
.lg-node-widgets[style*="min-content min-content"]:has(.trackgo-host) {
  grid-template-rows: min-content 1fr !important; }
.lg-node .trackgo-mounted { min-width: 540px; contain: inline-size; height: 500px; padding: 0 12px; }
.trackgo {
  --tg-text: var(--input-text, #ddd); --tg-dim: color-mix(in srgb, var(--descrip-text, #999) 70%, var(--tg-text));
  --tg-line: var(--border-color, #4e4e4e);
  --tg-panel: var(--comfy-input-bg, #222); --tg-raise: var(--comfy-menu-bg, #353535);
  --tg-hover: color-mix(in srgb, var(--tg-text) 12%, transparent);
  --tg-accent: var(--p-primary-color, #60a5fa); --tg-on: color-mix(in srgb, var(--tg-accent) 26%, transparent);
  position: relative; display: flex; flex-direction: column; flex: 1; min-width: 0; min-height: 0;
  box-sizing: border-box;
  overflow: hidden; border: 1px solid var(--tg-line); border-radius: 8px; outline: none;
  background: var(--tg-panel); color: var(--tg-text); font: 12px/1.3 Inter, Arial, sans-serif;
  user-select: none; -webkit-user-select: none; touch-action: none; text-align: left;
}
.trackgo:focus, .trackgo:focus-within { border-color: color-mix(in srgb, var(--tg-accent) 70%, var(--tg-line)); }
.trackgo-dropping { border-color: var(--tg-accent); }
.trackgo-dropping::after { content: ''; position: absolute; inset: 0; z-index: 6; pointer-events: none;
  border: 2px dashed var(--tg-accent); border-radius: 7px;
  background: color-mix(in srgb, var(--tg-accent) 12%, transparent); }
.trackgo *, .trackgo *::before { box-sizing: border-box; }
.trackgo [hidden] { display: none !important; }
.trackgo-toolbar { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 6px; padding: 4px 6px;
  background: var(--tg-raise); border-bottom: 1px solid var(--tg-line); flex: none; }
.trackgo-group { display: flex; align-items: center; gap: 1px; flex: none; }
.trackgo-options { flex: 1; display: flex; align-items: center; gap: 6px; min-width: 108px; height: 26px; }
.trackgo-button { display: inline-flex; align-items: center; justify-content: center; width: 26px; height: 26px;
  padding: 0; margin: 0; border: 0; border-radius: 6px; background: transparent; color: var(--tg-text); cursor: pointer;
  font: inherit; flex: none; }
.trackgo-button:hover { background: var(--tg-hover); }
.trackgo-button:focus-visible, .trackgo-swatch:focus-visible, .trackgo-end:focus-visible, .trackgo-scrub:focus-visible {
  outline: 2px solid var(--tg-accent); outline-offset: -1px; }
.trackgo-button[aria-pressed=true] { background: var(--tg-on);
  color: color-mix(in srgb, var(--tg-accent) 55%, var(--tg-text)); }
.trackgo-button:disabled { opacity: .32; cursor: default; background: transparent; }
.trackgo-button svg { display: block; pointer-events: none; }
.trackgo-size { width: 100%; max-width: 150px; min-width: 44px; height: 16px; margin: 0; accent-color: var(--tg-accent);
  cursor: pointer; }
.trackgo-camera { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 12px; padding: 2px 8px 3px; flex: none;
  background: var(--tg-raise); border-bottom: 1px solid var(--tg-line); color: var(--tg-dim); }
.trackgo-field { display: inline-flex; align-items: center; gap: 4px; }
.trackgo-number { width: 62px; height: 20px; padding: 0 4px; font: inherit; font-variant-numeric: tabular-nums;
  text-align: right; color: var(--tg-text); background: var(--tg-panel); border: 1px solid var(--tg-line);
  border-radius: 4px; outline: none; user-select: text; }
.trackgo-number:focus { border-color: var(--tg-accent); }
.trackgo-options .trackgo-number { width: 52px; }
.trackgo-camera .trackgo-button { margin-left: auto; height: 22px; }
.trackgo-camera-row { flex: none; border-bottom: 1px solid color-mix(in srgb, var(--tg-line) 60%, transparent); }
.trackgo-camera-row.trackgo-chosen { background: var(--tg-on); }
.trackgo-camera-name { display: flex; align-items: center; gap: 7px; min-width: 0; padding: 0; border: 0;
  background: transparent; color: inherit; font: inherit; cursor: pointer; }
.trackgo-swatch.trackgo-swatch-icon { display: inline-flex; width: 16px; height: 16px; margin-left: 2px;
  border-radius: 0; background: transparent; box-shadow: none; color: var(--trackgo-color); }
.trackgo-stage { position: relative; flex: 1; min-height: 80px; overflow: hidden;
  background: color-mix(in srgb, var(--tg-panel) 93%, #000); }
.trackgo-canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; touch-action: none;
  outline: none; cursor: crosshair; }
.trackgo-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.trackgo-status { flex: none; display: flex; align-items: center; justify-content: center; height: 20px; padding: 0 8px;
  color: var(--tg-dim); font-size: 11px; background: color-mix(in srgb, var(--tg-panel) 93%, #000); }
.trackgo-status span { min-width: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.trackgo-note { flex: none; display: flex; flex-wrap: wrap; align-items: center; justify-content: center;
  gap: 4px 12px; padding: 5px 10px; text-align: center; color: var(--tg-dim);
  background: color-mix(in srgb, var(--tg-panel) 93%, #000); }
.trackgo-note p { margin: 0; max-width: 420px; text-wrap: balance; }
.trackgo-note.trackgo-error { position: absolute; inset: 0; flex-flow: column; gap: 10px; padding: 16px;
  color: var(--tg-text); cursor: default;
  background: color-mix(in srgb, var(--tg-panel) 94%, var(--error-text, #f44)); }
.trackgo-error .trackgo-group { gap: 8px; flex-wrap: wrap; justify-content: center; }
.trackgo-error p { color: color-mix(in srgb, var(--error-text, #ff4444) 65%, var(--tg-text)); overflow-wrap: anywhere; }
.trackgo-error textarea { width: min(100%, 480px); flex: 0 1 120px; min-height: 40px; resize: none; padding: 6px;
  font: 11px/1.4 monospace; color: var(--tg-text); background: var(--tg-panel); border: 1px solid var(--tg-line);
  border-radius: 6px; user-select: text; }
.trackgo-text-button { padding: 4px 10px; border: 1px solid var(--tg-line); border-radius: 6px;
  background: var(--tg-raise); color: var(--tg-text); font: inherit; cursor: pointer; }
.trackgo-text-button:hover { background: var(--tg-hover); }
.trackgo-panel { flex: none; display: flex; flex-direction: column; max-height: 40%;
  border-top: 1px solid var(--tg-line); background: var(--tg-raise); }
.trackgo-rows { overflow-y: auto; overflow-x: hidden; min-height: 30px; scrollbar-width: none; touch-action: pan-y; }
.trackgo-row { position: relative; display: grid; grid-template-columns: minmax(92px, 24%) 1fr 106px;
  align-items: center; gap: 10px; height: 30px; padding: 0 6px; cursor: default; }
.trackgo-rows .trackgo-row[aria-current=true] { background: var(--tg-on); }
.trackgo-filming .trackgo-rows .trackgo-row[aria-current=true] { background: var(--tg-hover); }
.trackgo-rows .trackgo-row:not([aria-current=true]):hover { background: var(--tg-hover); }
.trackgo-transport { flex: none; border-bottom: 1px solid color-mix(in srgb, var(--tg-line) 60%, transparent); }
.trackgo-row .trackgo-group { justify-content: flex-end; }
.trackgo-label { display: flex; align-items: center; gap: 7px; min-width: 0; }
.trackgo-swatch { width: 12px; height: 12px; border-radius: 4px; flex: none; background: var(--trackgo-color);
  margin-left: 4px; box-shadow: 0 0 0 1px rgba(0, 0, 0, .35); }
.trackgo-swatch[role] { position: relative; padding: 0; border: 0; color: #fff; cursor: default; }
.trackgo-swatch[role] svg { display: none; width: 14px; height: 14px; margin: 2px;
  filter: drop-shadow(0 0 1px #000) drop-shadow(0 0 1px #000); }
.trackgo-touch .trackgo-swatch[role] { width: 18px; height: 18px; margin: 0 -3px 0 1px; border-radius: 50%; }
.trackgo-touch .trackgo-swatch[role]::before { content: ''; position: absolute; inset: -6px -4px -6px -7px; }
.trackgo-touch .trackgo-swatch[aria-checked=false] { background: none;
  box-shadow: inset 0 0 0 3px var(--trackgo-color), 0 0 0 1px rgba(0, 0, 0, .35); }
.trackgo-touch .trackgo-swatch[aria-checked=true] svg { display: block; }
.trackgo-names { display: flex; flex-direction: column; min-width: 0; line-height: 1.15; }
.trackgo-readout { padding: 0; border: 0; background: none; text-align: left; cursor: pointer; font: inherit;
  font-size: 10px; color: var(--tg-dim); font-variant-numeric: tabular-nums; overflow: hidden;
  white-space: nowrap; text-overflow: ellipsis; }
.trackgo-target { box-shadow: inset 0 0 0 2px var(--tg-accent); }
.trackgo-table { width: 220px; font: 11px monospace; color: var(--tg-text); background: var(--tg-panel);
  resize: vertical; }
.trackgo-table-problem { max-width: 220px; margin: 2px 0; color: var(--tg-text); font-size: 11px; }
.trackgo-table-problem:empty { display: none; }
.trackgo-readout:empty { display: none; }
.trackgo-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.trackgo-rename { width: 100%; min-width: 0; padding: 1px 4px; font: inherit; color: var(--tg-text);
  background: var(--tg-panel); border: 1px solid var(--tg-accent); border-radius: 4px; outline: none;
  user-select: text; }
.trackgo-count, .trackgo-width { color: var(--tg-dim); font-variant-numeric: tabular-nums; white-space: nowrap; }
.trackgo-dimmed .trackgo-label, .trackgo-dimmed .trackgo-bar { opacity: .4; }
.trackgo-bar, .trackgo-scrub { position: relative; height: 20px; touch-action: none; }
.trackgo-bar::before, .trackgo-scrub::before { content: ''; position: absolute; left: 0; right: 0; top: 9px;
  height: 2px; border-radius: 1px; background: color-mix(in srgb, var(--tg-text) 22%, transparent); }
.trackgo-bar::after { content: ''; position: absolute; top: -5px; bottom: -5px; width: 1px;
  left: calc(var(--trackgo-time, 0) * 100%); background: color-mix(in srgb, var(--tg-text) 55%, transparent);
  pointer-events: none; }
.trackgo-span { position: absolute; top: 6px; height: 8px; border-radius: 4px; background: var(--trackgo-color);
  opacity: .85; }
.trackgo-span.trackgo-hold { opacity: .3; }
.trackgo-end { position: absolute; top: 3px; width: 9px; height: 14px; margin-left: -4.5px; border-radius: 3px;
  cursor: ew-resize; touch-action: none; background: var(--tg-text); border: 1px solid rgba(0, 0, 0, .45); opacity: 0; }
.trackgo-row:hover .trackgo-end, .trackgo-chosen .trackgo-end, .trackgo-row[aria-current=true] .trackgo-end,
  .trackgo-end:focus { opacity: 1; }
.trackgo-span.trackgo-runs { background: repeating-linear-gradient(90deg, var(--trackgo-color)
  0 calc(100% / var(--trackgo-runs) - 2px), transparent 0 calc(100% / var(--trackgo-runs))); }
.trackgo-stay { position: absolute; top: 3px; height: 14px; border-radius: 3px; cursor: grab; touch-action: none;
  border: 1.5px solid var(--trackgo-color); background: repeating-linear-gradient(115deg, transparent 0 3px,
  color-mix(in srgb, var(--trackgo-color) 55%, transparent) 3px 5px) var(--tg-raise); }
.trackgo-stay:not([role]) { opacity: .55; pointer-events: none; }
.trackgo-stay:active { cursor: grabbing; }
.trackgo-stay:focus-visible, .trackgo-curve-knob:focus-visible { outline: 2px solid var(--tg-accent);
  outline-offset: 1px; }
.trackgo-stay-edge { position: absolute; top: -3px; bottom: -3px; width: 9px; cursor: ew-resize; touch-action: none; }
.trackgo-stay-edge[data-edge=left] { right: calc(100% - 2px); }
.trackgo-stay-edge[data-edge=right] { left: calc(100% - 2px); }
@media (pointer: coarse) {
  .trackgo-end::before, .trackgo-stay-edge::before { content: ''; position: absolute; inset: -6px -8px; }
}
.trackgo-timing { display: grid; grid-template-columns: auto 128px; gap: 2px 8px; }
.trackgo-curve { position: relative; width: 112px; height: 112px; margin: 10px 8px; touch-action: none; }
.trackgo-curve svg { display: block; width: 100%; height: 100%; overflow: visible; fill: none;
  stroke: var(--tg-line); }
.trackgo-speed { stroke: var(--trackgo-color, var(--tg-accent)); stroke-width: 3; }
.trackgo-curve:not(.trackgo-custom) .trackgo-arms { opacity: .4; }
.trackgo-arms { stroke: var(--tg-text); }
.trackgo-curve-knob { position: absolute; width: 13px; height: 13px; margin: -6.5px; border-radius: 50%; cursor: grab;
  touch-action: none; background: var(--tg-text); border: 1px solid rgba(0, 0, 0, .45); }
.trackgo-curve-knob::before { content: ''; position: absolute; inset: -7px; }
.trackgo-curve:not(.trackgo-custom) .trackgo-curve-knob { opacity: .6; }
.trackgo-playback, .trackgo-timing > .trackgo-menu-item, .trackgo-stays { grid-column: 1 / -1; }
.trackgo-playback .trackgo-field { margin-left: 8px; color: var(--tg-dim); }
.trackgo-timing .trackgo-number { width: 52px; }
.trackgo-stays { display: flex; flex-direction: column; }
.trackgo-stays .trackgo-menu-field { padding: 1px 2px 1px 30px; }
.trackgo-stays .trackgo-button { margin-left: auto; height: 22px; }
.trackgo-scrub { cursor: pointer; }
.trackgo-knob { position: absolute; top: 4px; left: calc(var(--trackgo-time, 0) * 100%); width: 12px; height: 12px;
  margin-left: -6px; border-radius: 50%; background: var(--tg-accent); box-shadow: 0 0 0 2px var(--tg-raise);
  pointer-events: none; }
.trackgo-ghosts { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 12px; padding: 4px 10px 4px 6px;
  opacity: .75; border-bottom: 1px solid color-mix(in srgb, var(--tg-line) 60%, transparent); }
.trackgo-ghosts .trackgo-count { margin-left: auto; white-space: normal; }
.trackgo-empty { padding: 7px 10px; color: var(--tg-dim); }
.trackgo-menu { position: absolute; z-index: 5; min-width: 130px; max-width: calc(100% - 8px);
  max-height: calc(100% - 8px); overflow: auto; padding: 4px; border: 1px solid var(--tg-line); border-radius: 8px;
  background: var(--tg-raise); box-shadow: 0 6px 18px rgba(0, 0, 0, .4); outline: none; }
.trackgo-menu-item { display: flex; align-items: center; gap: 8px; width: 100%; padding: 5px 10px 5px 6px; border: 0;
  border-radius: 5px; background: transparent; color: var(--tg-text); font: inherit; text-align: left;
  cursor: pointer; }
.trackgo-menu-item:hover:not(:disabled), .trackgo-menu-item:focus { background: var(--tg-hover); outline: none; }
.trackgo-menu-item[aria-current=true] { background: var(--tg-on); }
.trackgo-menu-item:disabled, .trackgo-menu-item[aria-disabled=true] { opacity: .4; cursor: default; }
.trackgo-menu-field { display: flex; align-items: center; gap: 6px; padding: 5px 10px 5px 30px; color: var(--tg-dim); }
.trackgo-menu .trackgo-size { width: 96px; margin-left: auto; }
.trackgo-menu-field .trackgo-size + span { min-width: 40px; text-align: right; }
.trackgo-align { display: flex; align-items: center; justify-content: space-between; gap: 12px;
  padding: 2px 4px 2px 8px; }
[aria-checked=false] > .trackgo-check { visibility: hidden; }
.trackgo-menu-icon { width: 16px; height: 16px; flex: none; }
.trackgo-shortcuts { display: grid; grid-template-columns: auto 1fr; gap: 4px 12px; padding: 6px 8px;
  align-items: baseline; max-width: 380px; }
.trackgo-shortcuts kbd { font: inherit; color: var(--tg-text); white-space: nowrap; text-align: right; }
.trackgo-shortcuts span { color: var(--tg-dim); }
.trackgo-full { position: fixed; inset: 0; z-index: 3000; display: flex; padding: 12px;
  background: rgba(0, 0, 0, .55); }
.trackgo-full .trackgo-panel { max-height: 30%; }
.trackgo-elsewhere { display: flex; flex: 1; align-items: center; justify-content: center; padding: 16px;
  text-align: center; cursor: pointer; border: 1px dashed var(--border-color, #4e4e4e); border-radius: 8px;
  color: var(--descrip-text, #999); background: var(--comfy-input-bg, #222); font: 12px/1.4 Inter, Arial, sans-serif; }
`

/** Put the sheet into the page once. */
export function ensureStyles() {
  if (document.getElementById(ID)) return
  const style = document.createElement('style')
  style.id = ID
  style.textContent = CSS
  document.head.append(style)
}
