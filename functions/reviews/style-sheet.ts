/** How a review looks: on a screen in light and dark, and on paper, always light. Colours of levels are those of their alerts. */
export const STYLE_SHEET = `
:root{color-scheme:light dark;--paper:#f4f6f9;--card:#fff;--ink:#16202e;--soft:#5b6879;--line:#e1e6ed;--accent:#24566f;
--bar:#4a7c95;--track:#eef2f6;--red:#c8442f;--yellow:#dfa520;--blue:#3d78b8;--good:#1d7a53;--bad:#b5382a;--warn:#fdf3dc;--warnline:#e0b75a;
--fine:#e8f4ee;--fineline:#a9d3bd;--pending:#b9cad6}
@media screen and (prefers-color-scheme:dark){:root{--paper:#10161e;--card:#18212c;--ink:#e7ecf2;--soft:#9aa7b6;--line:#2a3644;--accent:#8fc3da;
--bar:#5f97b3;--track:#212c38;--red:#e4694f;--yellow:#e6b84a;--blue:#6ba2dc;--good:#63c79b;--bad:#f08a76;--warn:#33290f;--warnline:#7d6328;
--fine:#12281f;--fineline:#2c5c47;--pending:#45596a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
body:lang(zh-Hant){font-family:system-ui,-apple-system,"PingFang TC","Microsoft JhengHei","Noto Sans TC","Noto Sans CJK TC",sans-serif}
body:lang(zh-Hans){font-family:system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans SC","Noto Sans CJK SC",sans-serif}
main{max-width:1040px;margin:0 auto;padding:40px 24px 48px}
header{margin-bottom:24px}
.kicker{margin:0;color:var(--accent);font-weight:600;letter-spacing:.04em}
h1{margin:2px 0 6px;font-size:38px;line-height:1.15;letter-spacing:-.01em}
.subtitle{margin:0;color:var(--soft)}
.notice{margin:0 0 24px;padding:12px 18px;border:1px solid var(--fineline);background:var(--fine);border-radius:10px}
.notice.provisional{border-color:var(--warnline);background:var(--warn)}
.notice strong{margin-right:.6em}
.notice p{margin:0}
.tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:12px;margin:0 0 20px;padding:0}
.tile{padding:16px 16px 14px;background:var(--card);border:1px solid var(--line);border-radius:12px;display:flex;flex-direction:column}
.tile dt{font-size:13px;line-height:1.35;margin-top:4px;font-weight:550}
.tile dd{margin:0}
.tile .value{order:-1;font-size:28px;font-weight:650;line-height:1.2;letter-spacing:-.01em;white-space:nowrap}
.tile .note{color:var(--soft);font-size:12.5px;line-height:1.35;margin-top:2px}
.sections{display:grid;grid-template-columns:1fr 1fr;gap:20px}
section{grid-column:1/-1;min-width:0;padding:22px 24px 24px;background:var(--card);border:1px solid var(--line);border-radius:12px}
section.narrow{grid-column:auto}
h2{margin:0 0 4px;font-size:20px;line-height:1.3}
.text{margin:0 0 8px;color:var(--soft);font-size:14px;max-width:110ch}
figure{margin:14px 0 6px}
figcaption{color:var(--soft);font-size:13px;margin-bottom:6px}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.chart{display:grid;grid-template-columns:fit-content(38%) minmax(0,1fr) max-content;column-gap:10px;row-gap:10px;align-items:center;font-size:13px;line-height:1.3}
.row{display:grid;grid-template-columns:subgrid;grid-column:1/-1;align-items:center;break-inside:avoid}
.label{text-align:right;overflow-wrap:anywhere;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden}
.figure{color:var(--soft);text-align:right;white-space:nowrap}
svg{display:block;width:100%;height:18px;overflow:visible;font-family:inherit}
.points{row-gap:0}
.points .row svg{height:32px}
.legend{grid-column:2/-1;display:flex;flex-wrap:wrap;gap:4px 24px;margin:0 0 6px;color:var(--soft);font-size:12px}
.legend span{display:flex;align-items:center;gap:6px}
.legend svg{width:12px;height:10px}
.days{display:block;padding-left:44px}
.days svg{height:200px}
.tick{fill:var(--soft);font-size:12px}
.track{fill:var(--track)}
.bar{fill:var(--bar)}
.bar.red{fill:var(--red)} .bar.yellow{fill:var(--yellow)} .bar.blue{fill:var(--blue)} .bar.pending{fill:var(--pending)}
.grid{stroke:var(--line)}
.axis{stroke:var(--soft);stroke-width:1}
.beside{display:grid;grid-template-columns:3fr 2fr;gap:36px;align-items:start}
.tables{display:grid;gap:18px}
.tables.side{grid-template-columns:1fr 1fr;gap:36px;align-items:start}
.tables.side:has(.many){grid-template-columns:3fr 2fr}
table{width:100%;border-collapse:collapse;margin-top:10px;font-size:14px;line-height:1.4}
th,td{padding:7px 10px 7px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}
th{color:var(--soft);font-weight:500;font-size:13px}
th.n,td.n{width:7.6em;text-align:right;white-space:nowrap;padding:7px 0 7px 14px}
section.narrow .n,.side .n,.beside .n{width:5.6em}
td.n:last-child,th.n:last-child{padding-right:2px}
tfoot td{font-weight:650;border-bottom:0;border-top:2px solid var(--line)}
.marked{display:inline-block;padding:1px 8px;border-radius:99px;background:var(--warn);border:1px solid var(--warnline);font-size:12px}
.good{color:var(--good)} .bad{color:var(--bad);font-weight:650}
footer{margin-top:28px;color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}
footer p{margin:0 0 4px}
@media (min-width:681px){.side .many .n{width:4.7em;white-space:normal}}
@media (max-width:900px){.tiles{grid-template-columns:repeat(3,1fr)}}
@media (max-width:680px){main{padding:24px 14px}.sections,.tables.side,.tables.side:has(.many),.beside{grid-template-columns:minmax(0,1fr)}.tables.side,.beside{gap:12px}.tiles{grid-template-columns:1fr 1fr}section{padding:18px 16px}
h1{font-size:31px}.tile .value{font-size:25px}
.bars,.points{grid-template-columns:minmax(0,1fr) max-content;row-gap:12px}
.bars .row,.points .row{row-gap:4px}
.row svg{grid-column:1/-1;grid-row:2}
.label{text-align:left}
.legend{grid-column:1/-1}
.bars svg,.bars rect{height:12px}
.days{padding-left:36px}
td.w{overflow-wrap:anywhere}
th.n,td.n,section.narrow .n,.side .n,.beside .n{width:auto;padding-left:10px}
th.n{white-space:normal}
.many,.many tbody,.many tfoot{display:block}
.many thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.many tr{display:flex;flex-wrap:wrap;align-items:baseline;gap:1px 16px;padding:9px 0;border-bottom:1px solid var(--line)}
.many tfoot tr{border-bottom:0;border-top:2px solid var(--line)}
.many td,.many td.n{display:block;padding:0;border:0;white-space:normal}
.many td.w{font-weight:550}
.many td.w{flex:1 0 100%}
.many td.w:has(+td.w:not(:empty)){color:var(--soft);font-size:13px;font-weight:400}
.many td:empty{display:none}
.many td[data-name]::before{content:attr(data-name) " ";color:var(--soft);font-weight:400}}
@media print{:root{color-scheme:light;--paper:#fff}body{font-size:12px}main{max-width:none;padding:0}
.tile,figure,tr{break-inside:avoid}h2,figcaption{break-after:avoid}.bar,.track,.marked,.notice{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
