-- The look of the page: light, dark and on paper, and its digest.
--
-- The page allows this one style by its digest and nothing else, so the digest must be that of
-- these very bytes; a spec compares them. No font is loaded: the reader's own system has one.
local css = [[
:root{--paper:#fff;--ink:#1c2127;--soft:#545d68;--line:#d5dae0;--faint:#eceff2;--bar:#1668a8;
--late:#b4460c;--note:#fdf4e3;--edge:#8a5a00;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ec;--soft:#a7b0ba;
--line:#333a42;--faint:#22272d;--bar:#6db3e8;--late:#f2935c;--note:#2a2418;--edge:#e3b565}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;
font-variant-numeric:tabular-nums lining-nums;overflow-wrap:break-word}
.page{max-width:70rem;margin:0 auto;padding:3.5rem 2rem 4rem}
h1{font-size:2.1rem;line-height:1.15;font-weight:650;letter-spacing:-.02em;margin:0 0 .5rem}
h2{font-size:1.45rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;
margin:4.5rem 0 1.25rem;padding-top:1.1rem;border-top:2px solid var(--ink)}
h3{font-size:1.02rem;line-height:1.35;font-weight:650;margin:0}
p{margin:.35rem 0;max-width:46rem}
.lead{font-size:1.06rem}
.soft,figcaption p,.note{color:var(--soft);font-size:.9rem;line-height:1.45}
.warnings{margin:1.5rem 0 0;padding:.7rem 1rem;border-left:3px solid var(--edge);
background:var(--note);list-style:none;max-width:46rem}
nav{margin:1.25rem 0 0}
nav a{display:inline-block;margin-right:1.25rem;padding:.2rem 0;color:var(--bar)}
a:focus-visible{outline:2px solid var(--bar);outline-offset:3px}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:1.75rem 2rem;
margin:0 0 3rem}
.tiles dt{color:var(--soft);font-size:.9rem}
.tiles dd{margin:0}
.tiles .big{font-size:1.6rem;line-height:1.3;font-weight:600;letter-spacing:-.015em;
overflow-wrap:anywhere}
.tiles .is-late{color:var(--late)}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 3rem}
figure{margin:0 0 3.25rem;min-width:0;container-type:inline-size}
figcaption{margin-bottom:.75rem}
.block{margin:0 0 3.25rem}
.block>h3{margin-bottom:.5rem}
.plot{display:block;width:100%;padding:0 18px 0 52px;overflow:visible;margin-bottom:.75rem}
.plot text{font-size:11.5px;fill:var(--soft);text-anchor:middle}
.plot .mark{text-anchor:end}
.plot .value{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--paper);
stroke-width:3px;stroke-linejoin:round}
.plot .label{fill:var(--ink)}
.plot .more{fill:var(--soft)}
.plot .grid{stroke:var(--line)}
.plot .base{stroke:var(--soft)}
.bar{fill:var(--bar)}
.bar.late{fill:var(--late)}
.plot .wide{display:none}
@container (min-width:480px){.plot .wide{display:inline}.plot .narrow{display:none}}
table{border-collapse:collapse;width:100%;font-size:.9rem;line-height:1.4}
caption{text-align:left;color:var(--soft);padding:0 0 .4rem}
th,td{text-align:left;vertical-align:top;padding:.42rem 0 .42rem 1rem;font-weight:400;
border-top:1px solid var(--faint)}
th:first-child,td:first-child{padding-left:0}
thead th{color:var(--soft);font-size:.82rem;vertical-align:bottom;border-top:0;
border-bottom:1px solid var(--line)}
tfoot th,tfoot td{border-top:1px solid var(--soft);font-weight:600}
.r{text-align:right}
td.r{white-space:nowrap}
.id{overflow-wrap:anywhere;min-width:6.5rem;max-width:22rem}
.after{margin-top:3.25rem}
.sub{display:block;color:var(--soft);font-size:.92em;font-weight:400;white-space:normal}
.na{color:var(--soft);font-style:italic}
.key{display:inline-block;width:.7em;height:.7em;margin-right:.45em;border-radius:2px;
background:var(--bar)}
.key.late{background:var(--late)}
.terms{display:grid;grid-template-columns:minmax(9rem,15rem) minmax(0,1fr);gap:.65rem 2rem;
margin:0;font-size:.9rem;line-height:1.5}
.terms dt{font-weight:600}
.terms dd{margin:0;color:var(--soft)}
footer>.soft{margin-top:3rem}
@media (max-width:60rem){.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.pair{
grid-template-columns:minmax(0,1fr)}}
@media screen and (max-width:40rem){
.page{padding:2rem 1rem 3rem}
h1{font-size:1.7rem}
h2{margin-top:3.25rem}
.tiles{gap:1.25rem 1rem;margin-bottom:2.25rem}
.id{min-width:0}
.tiles .big{font-size:1.22rem}
.terms{grid-template-columns:minmax(0,1fr);gap:.15rem}
.terms dd{margin-bottom:.75rem}
table{font-size:.86rem}
th,td{padding-left:.6rem}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack,.stack caption,.stack tbody,.stack tfoot,.stack tr,.stack th,.stack td{display:block}
.stack tr{padding:.6rem 0;border-top:1px solid var(--line)}
.stack tbody th,.stack tbody td,.stack tfoot th,.stack tfoot td{border:0;padding:.12rem 0;
text-align:left;white-space:normal}
.stack tbody th,.stack tfoot th{font-weight:600}
.stack td{display:flex;justify-content:space-between;gap:1rem}
.stack td[data-label]::before{content:attr(data-label);color:var(--soft);font-weight:400;
flex:none}
.stack td>span{text-align:right;min-width:0;overflow-wrap:anywhere}
td.r{white-space:normal;overflow-wrap:anywhere}
.lean tr{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem}
.lean td{grid-column:1/-1}
.lean tbody td:nth-child(2),.lean tfoot td:nth-child(2){grid-column:2;font-weight:600}
.lean td:nth-child(2)::before{content:none}
.lean tfoot td:nth-child(n+3){display:none}
}
@page{size:A4;margin:15mm 14mm}
@media print{
:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--faint:#ddd;--bar:#1668a8;--late:#b4460c;
--note:#fff;--edge:#8a5a00;color-scheme:light}
html{font-size:9.6pt}
body{font-size:1rem;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.page{max-width:none;padding:0}
nav{display:none}
h1{font-size:20pt}
h2{font-size:14pt;margin-top:2.25rem;break-after:avoid}
h3,figcaption{break-after:avoid}
.top{break-inside:avoid;break-after:avoid}
.tiles{grid-template-columns:repeat(4,minmax(0,1fr));gap:1rem;margin-bottom:1.75rem}
.tiles .big{font-size:12.5pt}
.pair{grid-template-columns:repeat(2,minmax(0,1fr));gap:0 1.75rem}
figure,.block{margin-bottom:1.75rem}
.plot,tr,.pair figure,.warnings{break-inside:avoid}
.plot{break-after:avoid}
table{font-size:8.6pt}
th,td{padding:.26rem 0 .26rem .55rem}
thead th{font-size:8pt}
thead{display:table-header-group}
tfoot{display:table-row-group}
.terms{font-size:8.6pt;gap:.35rem 1.25rem}
}
]]

return { css = css, digest = "9/0lIc3yIhchDqpGZxLB9t02M55Ry4E89kbjHJmO2Iw=" }
