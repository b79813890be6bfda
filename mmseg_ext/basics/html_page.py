"""The page of every HTML report, without its content.

Everything is in the page, and its Content-Security-Policy forbids it to load
anything else.
"""
from string import Template

PAGE = Template('''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';
 img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
:root { --overlay: $opacity; --ink: #1d232b; --quiet: #5a6572;
  --line: #d9dee4; --soft: #f4f6f8; --accent: #0b5cad; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 56px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 44px 0 12px; }
p { margin: 0 0 12px; max-width: 46em; }
.quiet, figcaption, dd, footer { color: var(--quiet); }
.quiet, footer { font-size: .9rem; }
.notice { border-left: 4px solid #c77700; background: #fff7e8;
  padding: 10px 14px; margin: 20px 0; overflow-wrap: anywhere; }
.notice ul { margin: 4px 0 0; padding-left: 20px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%;
  font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; }
th { font-weight: 600; font-size: .85rem; color: var(--quiet);
  vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.name { white-space: normal; overflow-wrap: anywhere; min-width: 8em; }
td.fractions { width: 30%; min-width: 110px; }
.swatch { display: inline-block; width: .85em; height: .85em;
  border: 1px solid rgba(0, 0, 0, .45); border-radius: 2px;
  margin-right: .45em; vertical-align: -.06em; }
.summary { display: grid; gap: 28px;
  grid-template-columns: minmax(0, 6fr) minmax(0, 5fr);
  align-items: start; }
.summary p { margin: 14px 0 0; }
.plot { padding: 0 12px; }
svg { display: block; width: 100%; overflow: visible; }
svg text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto,
  sans-serif; fill: var(--ink); }
svg .tick { fill: var(--quiet); font-size: 12px; }
.bar { position: sticky; top: 0; z-index: 1; display: flex;
  flex-wrap: wrap; gap: 6px 24px; align-items: center;
  padding: 10px 0; margin-bottom: 14px;
  background: #fff;
  border-bottom: 1px solid var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0;
  margin: 0; list-style: none; }
.controls { display: flex; gap: 12px; align-items: center;
  margin-left: auto; }
.controls[hidden] { display: none; }
.controls label { display: flex; gap: 10px; align-items: center; }
input[type=range] { width: 150px; accent-color: var(--accent); }
output { width: 3.4em; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
button { font: inherit; padding: 4px 14px; border-radius: 6px;
  cursor: pointer; border: 1px solid var(--accent); background: #fff;
  color: var(--accent); }
button[aria-pressed=true] { background: var(--accent); color: #fff; }
:focus-visible { outline: 3px solid #f0a500; outline-offset: 2px; }
.pictures { display: grid; gap: 26px 22px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); }
figure { margin: 0; break-inside: avoid; }
.layers { position: relative; border: 1px solid var(--line); }
.layers img { display: block; width: 100%; height: auto; }
.layers .mask { position: absolute; inset: 0; height: 100%;
  opacity: var(--overlay); image-rendering: pixelated; }
.layers .mask:only-child { position: static; }
.scale { display: flex; justify-content: flex-end; align-items: center;
  gap: 8px; margin-top: 5px; font-size: .85rem; line-height: 1; }
.scale div { flex: none; height: 5px; background: var(--ink); }
.drawing { margin-bottom: 26px; }
.drawing img { display: block; max-width: 100%; height: auto; }
.scroll + p { margin-top: 12px; }
figcaption { font-size: .9rem; margin-top: 6px; }
figcaption b { color: var(--ink); overflow-wrap: anywhere; }
figcaption span { white-space: nowrap; margin-right: 12px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr);
  gap: 4px 20px; margin: 0; font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 44px; border-top: 1px solid var(--line);
  padding-top: 12px; }
@media (max-width: 720px) {
  main { padding: 20px 14px 40px; }
  .summary { grid-template-columns: minmax(0, 1fr); }
  .controls { margin-left: 0; width: 100%; }
  .controls label, input[type=range] { flex: 1; min-width: 0; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
  th, td { padding: 6px; }
  .summary table { font-size: .88rem; }
  .summary th, .summary td { padding: 6px 4px; }
}
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  body { font-size: 10.5pt; }
  .bar { position: static; }
  .bar .controls { display: none; }
  .scroll { overflow: visible; }
  .pictures { grid-template-columns: 1fr 1fr; }
  tr, .notice { break-inside: avoid; }
  h2 { break-after: avoid; }
}
</style>
</head>
<body>
<main>
$body
</main>
<script>
'use strict';
const slider = document.getElementById('opacity');
if (slider) {
  const toggle = document.getElementById('toggle');
  const output = document.getElementById('percent');
  let on = true;
  const show = () => {
    document.documentElement.style.setProperty(
      '--overlay', on ? slider.value / 100 : 0);
    output.textContent = on ? slider.value + ' %' : 'off';
    toggle.setAttribute('aria-pressed', on);
  };
  const flip = () => { on = !on; show(); };
  slider.addEventListener('input', () => { on = true; show(); });
  toggle.addEventListener('click', flip);
  document.addEventListener('keydown', event => {
    if (event.key.toLowerCase() === 'o' && !event.ctrlKey
        && !event.metaKey && !event.altKey) { flip(); }
  });
  document.querySelector('.controls').hidden = false;
  show();
}
</script>
</body>
</html>
''')

CONTROLS = Template('''<div class="controls" hidden>
<label>Opacity <input type="range" id="opacity" min="0" max="100"
 value="$percent" aria-label="Opacity of the overlay in percent"></label>
<output id="percent" for="opacity">$percent %</output>
<button type="button" id="toggle" aria-pressed="true"
 aria-keyshortcuts="o" title="or press the key O">Overlay</button>
</div>''')
