import { groundNames, type AccessReport, type Moment } from './access-report.js';
import { html, type Markup } from './html.js';

export interface ReportHead {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** Nothing wrong was found in what the report is made of. */
  readonly holds: boolean;
  readonly findings: readonly string[];
}

const rowsShown = 20;
const number = (value: number) => value.toLocaleString('en');
const minute = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** One file that needs nothing else: no script, no font, no picture, nothing from any network, and it says so to the browser. */
export function reportPage(report: AccessReport, head: ReportHead): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Access report, ${head.origin}</title>
<style>${styles}</style>
</head>
<body>
<header>
<h1>Access report</h1>
<p>${head.origin}: the signed log of <strong>${number(head.size)}</strong> entries, root <code>${head.root}</code>.</p>
<p>${report.entries === 0 ? 'No entry is in the range asked for.' : html`${number(report.entries)} of them, from ${minute(report.firstMs)} to ${minute(report.lastMs)}, as their sources dated them.`}</p>
${report.unreadable === 0 ? undefined : html`<p class="bad">${number(report.unreadable)} entries are left out: their payload cannot be read.</p>`}
${head.holds ? html`<p class="good">Every entry in it is proven to stand in that log, and is what its source signed.</p>` : html`<div class="bad" role="alert"><p><strong>The log does not hold.</strong> What follows is only what could be proven.</p><ul>${head.findings.slice(0, rowsShown).map((finding) => html`<li>${finding}</li>`)}</ul></div>`}
</header>
<main>
${section('accesses-without', 'Accesses without any ground', groundless(report))}
${section('log-ins', 'Log-ins by service and hour', logIns(report))}
${section('purposes', 'Accesses by purpose', bars(report.byPurpose.rows(rowsShown), 'purpose', 'accesses'))}
${section('grounds', 'Accesses outside any consent', grounds(report))}
${section('readers', 'Who read most', bars(report.byReader.rows(rowsShown).map(([id, count]) => [nameOf(report, id), count] as const), 'reader', 'accesses'))}
${section('refused', 'Refused shares', bars(report.refusedShares.rows(rowsShown), 'reason', 'refusals'))}
${section('coverage', 'Coverage over time', coverage(report))}
</main>
</body>
</html>
`;
  return page.text;
}

function section(id: string, title: string, body: Markup): Markup {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${body}
</section>
`;
}

function nameOf(report: AccessReport, id: string): string {
  const name = report.clientNames.get(id);
  return name === undefined ? id : `${name} (${id})`;
}

function groundless(report: AccessReport): Markup {
  if (report.groundlessCount === 0) return html`<p class="good">None: each access names a consent or a legal basis.</p>`;
  const more = report.groundlessCount - report.groundless.length;
  return html`<div class="bad" role="alert"><p><strong>${number(report.groundlessCount)}</strong> accesses name neither a consent nor a legal basis.</p></div>
<table><thead><tr><th scope="col">Entry</th><th scope="col">What</th><th scope="col">Who</th></tr></thead>
<tbody>${report.groundless.map(({ leafIndex, type, reader }) => html`<tr><td class="count">${leafIndex}</td><td>${type}</td><td>${nameOf(report, reader)}</td></tr>`)}</tbody></table>${more > 0 ? html`<p>And ${number(more)} more.</p>` : undefined}`;
}

function grounds(report: AccessReport): Markup {
  const rows = report.byGround.rows(rowsShown);
  const consented = rows.find(([name]) => name === groundNames.consent)?.[1] ?? 0;
  const total = report.byGround.total;
  return html`<p>${number(total - consented)} of ${number(total)} accesses rest on something else than the citizen's consent.</p>${bars(rows, 'ground', 'accesses')}`;
}

/** A table whose every row has its bar: the chart cannot say anything else than the numbers. */
function bars(rows: readonly (readonly [name: string, count: number])[], what: string, counted: string): Markup {
  if (rows.length === 0) return html`<p>None.</p>`;
  const most = Math.max(...rows.map(([, count]) => count));
  return html`<table><thead><tr><th scope="col">${what}</th><th scope="col" class="count">${counted}</th><th scope="col" class="bar"><span class="unseen">as a bar</span></th></tr></thead>
<tbody>${rows.map(([name, count]) => html`<tr><th scope="row">${name}</th><td class="count">${number(count)}</td><td class="bar"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${((count / most) * 100).toFixed(2)}" height="10"/></svg></td></tr>`)}</tbody></table>`;
}

function logIns(report: AccessReport): Markup {
  const all = [...report.logIns].map(([clientId, counts]) => ({ name: nameOf(report, clientId), counts, total: counts.reduce((sum, count) => sum + count, 0) })).sort((left, right) => right.total - left.total);
  if (all.length === 0) return html`<p>None.</p>`;
  const shown = all.slice(0, rowsShown);
  const most = Math.max(...shown.flatMap(({ counts }) => counts));
  const rest = all.slice(rowsShown).reduce((sum, { total }) => sum + total, report.logInsOfOthers);
  const hour = (index: number) => String(index).padStart(2, '0');
  return html`<div class="wide"><table class="hours"><thead><tr><th scope="col">service</th><th scope="col" class="count">log-ins</th>${shown[0]!.counts.map((_count, index) => html`<th scope="col">${hour(index)}</th>`)}</tr></thead>
<tbody>${shown.map(({ name, counts, total }) => html`<tr><th scope="row">${name}</th><td class="count">${number(total)}</td>${counts.map((count) => html`<td style="--part:${(count / most).toFixed(3)}">${count === 0 ? undefined : number(count)}</td>`)}</tr>`)}</tbody></table></div>
<p>Hours of the day in UTC; the darker, the more.${rest > 0 ? ` ${number(rest)} log-ins at other services.` : ''}</p>`;
}

const [chartWidth, chartHeight] = [720, 180];

function coverage(report: AccessReport): Markup {
  const { moments, longestSilence } = report;
  const [first, last] = [moments[0], moments.at(-1)];
  if (first === undefined || last === undefined) return html`<p class="bad">The log has no record of what audit saw in this range: nothing in it is dated by anyone but its source.</p>`;
  const sources = [...last.positions.keys()].sort();
  return html`<p>What audit had seen of each source, as it recorded it, from ${minute(first.timeMs)} to ${minute(last.timeMs)}.${longestSilence ? ` The longest time without such a record: ${seconds(longestSilence)} (from ${minute(longestSilence.fromMs)}); audit records none while no source goes on.` : ''}</p>
${sources.map((source) => growth(source, moments, first.timeMs, last.timeMs))}
<table><thead><tr><th scope="col">source</th><th scope="col" class="count">first seen at</th><th scope="col" class="count">last seen at</th></tr></thead>
<tbody>${sources.map((source) => html`<tr><th scope="row">${source}</th><td class="count">${number(first.positions.get(source) ?? 0)}</td><td class="count">${number(last.positions.get(source) ?? 0)}</td></tr>`)}</tbody></table>`;
}

function growth(source: string, moments: readonly Moment[], fromMs: number, toMs: number): Markup {
  const most = Math.max(1, ...moments.map(({ positions }) => positions.get(source) ?? 0));
  const span = Math.max(1, toMs - fromMs);
  const points = moments.map(({ timeMs, positions }) => `${(((timeMs - fromMs) / span) * chartWidth).toFixed(1)},${(chartHeight - ((positions.get(source) ?? 0) / most) * chartHeight).toFixed(1)}`);
  return html`<figure><figcaption>${source}: events seen</figcaption><svg class="growth" viewBox="0 -2 ${chartWidth} ${chartHeight + 4}" role="img" aria-label="events of ${source} seen over time, up to ${number(most)}"><polyline points="${points.join(' ')}"/></svg></figure>`;
}

function seconds({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): string {
  return `${number(Math.round((toMs - fromMs) / 1000))} s`;
}

const styles = html`
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #c9ced6; --mark: 0 82 147; --good: #1a5f2a; --bad: #a30b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #f1f1f1; --paper: #16181c; --line: #464c56; --mark: 120 186 240; --good: #8fd69b; --bad: #ff9d94; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.8rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
code { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); font-weight: normal; overflow-wrap: anywhere; }
thead th { font-weight: 600; }
.count { text-align: right; white-space: nowrap; }
.bar { width: 40%; } .bar svg { display: block; width: 100%; height: .8rem; fill: rgb(var(--mark)); }
.wide { overflow-x: auto; } .hours td:not(.count) { text-align: center; font-size: .75rem; background: rgb(var(--mark) / calc(var(--part) * .6)); }
.growth { width: 100%; height: auto; fill: none; stroke: rgb(var(--mark)); stroke-width: 2; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); }
figure { margin: 1rem 0; } figcaption { font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); border-left: 4px solid; padding-left: .75rem; }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
@media print { body { max-width: none; } }
`;
