/**
 * What flushes and range unmaps cost, as text.
 */
import type { FlushCostRow, PmdSharing } from "../replay/flushcost.js";
import type { UnmapResult } from "../replay/unmap.js";
import { count, drawTable, type TlbLook } from "./tlb.js";

export interface FlushCostReport {
  readonly source: string;
  readonly tlb: string;
  readonly pages: string;
  readonly records: number;
  readonly requests: number;
  readonly requestedPages: number;
  readonly strategies: readonly FlushCostRow[];
  readonly sharing?: PmdSharing;
}

export function formatFlushCost(report: FlushCostReport, look: TlbLook): string {
  const { requests, requestedPages } = report;
  const title = `${report.source}: ${count(report.records)} records, ${report.tlb} with ${report.pages} pages`;
  const what = `${count(requests)} flushes of ${count(requestedPages)} base pages in all`;
  const each = (value: number): string => (requests === 0 ? "-" : (value / requests).toFixed(1));
  const rows = report.strategies.map((row) => [
    row.strategy,
    count(row.flushes),
    count(row.invalidations),
    count(row.l1Refills),
    count(row.l2Refills),
    each(row.l2Refills),
    count(row.walkReferences),
  ]);
  const head = ["strategy", "full", "invalidations", "L1 refills", "L2 refills", "each", "walk references"];
  const parts = [look.paint("title", title), what, drawTable(head, rows, 1, look)];
  parts.push(
    look.paint("quiet", "Refills are misses that the same trace does not have without the flushes; each: by flush."),
  );
  if (report.sharing !== undefined) parts.push(formatSharing(report.sharing, look));
  return `${parts.join("\n\n")}\n`;
}

function formatSharing({ spaces, tables, lines }: PmdSharing, look: TlbLook): string {
  const row = (name: string, [alone, shared]: readonly [number, number], bytes: number): string[] => [
    name,
    count(alone),
    count(shared),
    count(alone - shared),
    `${count(((alone - shared) * bytes) / 1024)} KiB`,
  ];
  const rows = [row("pages of page tables", tables, 4096), row("cache lines of their entries", lines, 64)];
  const title = look.paint("title", `PMD sharing of hugetlb, ${count(spaces)} address space${spaces === 1 ? "" : "s"}`);
  return `${title}\n${drawTable(["", "without", "with", "saved", ""], rows, 1, look)}`;
}

const KINDS = { dense: "base pages", huge: "huge pages of 2 MiB", sparse: "base pages, far apart" } as const;

export function formatUnmaps(results: readonly UnmapResult[], look: TlbLook): string {
  const rows = results.map((row) => [
    row.edition,
    row.backend,
    count(row.pages),
    (row.seconds * 1000).toFixed(2),
    (row.pagesPerSecond / 1e6).toFixed(2),
    count(row.flushes),
    count(row.fullFlushes),
    count(row.pagesFreed),
    count(row.tablesFreed),
  ]);
  const head = ["edition", "machine", "pages", "ms", "M pages/s", "flushes", "full", "pages freed", "tables freed"];
  const kind = KINDS[results[0]?.kind ?? "dense"];
  return `${[
    look.paint("title", `munmap of ${kind}`),
    drawTable(head, rows, 2, look),
    look.paint("quiet", "Times are the simulation's own; flushes are what the kernel's path asks for."),
  ].join("\n\n")}\n`;
}
