/**
 * Traces on TLBs as one self-contained page: the rows, and misses over the number of entries as drawings.
 *
 * Both axes are logarithmic, as in the plots of text; a share of zero has no place there and ends its line.
 */
import type { TlbCurve, TlbResult, TlbSweep } from "../replay/tlb.js";
import { escapeHtml, htmlPage } from "./page.js";
import { rowCells } from "./tlb.js";

interface Line {
  readonly name: string;
  readonly points: readonly { readonly entries: number; readonly share: number }[];
}

const WIDTH = 720;
const HEIGHT = 340;
const LEFT = 76;
const BOTTOM = 44;
const TOP = 14;
const RIGHT = 120;
const SWEPT_WAYS = [1, 2, 4, 8, 16];

/** 4,096 entries as 4k. */
const short = (entries: number): string => (entries >= 1024 ? `${entries / 1024}k` : `${entries}`);

/** 0.01 as 1 %. */
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** A drawing of lines: number of entries to the right, share of misses upwards. */
export function drawing(lines: readonly Line[]): string {
  const shown = lines.map(({ name, points }) => ({ name, points: points.filter(({ share }) => share > 0) }));
  const points = shown.flatMap((line) => line.points);
  if (points.length === 0) return "<p>Nothing misses.</p>";
  const logs = points.map(({ share }) => Math.log10(share));
  const [low, high] = [
    Math.floor(Math.min(...logs)),
    Math.max(Math.ceil(Math.max(...logs)), Math.floor(Math.min(...logs)) + 1),
  ];
  const last = Math.max(1, Math.ceil(Math.log2(Math.max(...points.map(({ entries }) => entries)))));
  const x = (entries: number): number => LEFT + (Math.log2(entries) / last) * (WIDTH - LEFT - RIGHT);
  const y = (share: number): number => TOP + ((high - Math.log10(share)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts: string[] = [];
  for (let decade = low; decade <= high; decade++) {
    const at = y(10 ** decade).toFixed(1);
    parts.push(`<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/>`);
    parts.push(`<text class="left" x="${LEFT - 8}" y="${at}" dy="4">${percent(10 ** decade)}</text>`);
  }
  for (let bits = 0; bits <= last; bits += last > 10 ? 2 : 1) {
    const at = x(2 ** bits).toFixed(1);
    parts.push(`<path class="grid" d="M${at} ${TOP}V${HEIGHT - BOTTOM}"/>`);
    parts.push(`<text class="below" x="${at}" y="${HEIGHT - BOTTOM + 18}">${short(2 ** bits)}</text>`);
  }
  parts.push(`<text class="below" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}">entries</text>`);
  shown.forEach(({ name, points: own }, i) => {
    if (own.length === 0) return;
    const path = own.map(({ entries, share }) => `${x(entries).toFixed(1)} ${y(share).toFixed(1)}`).join("L");
    parts.push(`<path class="line l${i}" d="M${path}"><title>${escapeHtml(name)}</title></path>`);
    parts.push(`<path class="line l${i}" d="M${WIDTH - RIGHT + 14} ${TOP + 10 + 20 * i}h16"/>`);
    const place = `x="${WIDTH - RIGHT + 36}" y="${TOP + 14 + 20 * i}"`;
    parts.push(`<text class="name l${i}" ${place}>${escapeHtml(name)}</text>`);
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="misses over entries">${parts.join("")}</svg>`;
}

const ofCurve = ({ pages, points, references }: TlbCurve): Line => ({
  name: `${pages} pages`,
  points: points.map(({ entries, misses }) => ({ entries, share: misses / Math.max(1, references) })),
});

/** Each associativity is a line: sets double along it. */
const ofSweep = ({ misses, references }: TlbSweep): Line[] =>
  SWEPT_WAYS.map((ways) => ({
    name: ways === 1 ? "1 way" : `${ways} ways`,
    points: misses.map((line, bits) => ({
      entries: ways * 2 ** bits,
      share: (line[ways - 1] ?? 0) / Math.max(1, references),
    })),
  }));

function section(result: TlbResult): string {
  const { head, body } = rowCells(result.results);
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  const lines = [cells("th", head), ...body.map((row) => cells("td", row))];
  const table = `<div class="wide"><table>${lines.join("")}</table></div>`;
  const curves =
    result.curves.length === 0 ? [] : ["<h2>Fully associative, LRU</h2>", drawing(result.curves.map(ofCurve))];
  const sweeps = result.sweeps.flatMap((sweep) => [
    `<h2>LRU by ways, ${sweep.pages} pages</h2>`,
    drawing(ofSweep(sweep)),
  ]);
  const records = `${result.records.toLocaleString("en-US")} records`;
  const cut = result.cut === undefined ? [] : ["<p>The trace is cut: the numbers hold for what comes before.</p>"];
  return [
    "<section>",
    `<h1>${escapeHtml(result.source)}</h1>`,
    `<p>${records}</p>`,
    ...cut,
    table,
    ...curves,
    ...sweeps,
    "</section>",
  ].join("\n");
}

/** The page of one trace or several. */
export function tlbPage(results: readonly TlbResult[]): string {
  const title = results.length === 1 ? `${results[0]?.source} on TLBs` : `${results.length} traces on TLBs`;
  return htmlPage({ title, style: "tlb.css", body: results.map(section).join("\n") });
}
