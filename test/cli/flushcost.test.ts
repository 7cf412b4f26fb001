/** `flushcost` and `unmap`, and the JSON of every command that reads a trace. */
import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { describe, expect, it } from "vitest";
import { tlb } from "../../src/replay/tlb.js";
import { convertOutput, flushcostOutput, tlbOutput, unmapOutput } from "../../src/report/tlb-schema.js";
import { fileWith, lackeyText, madeUp, pathOf } from "../replay/read/helpers.js";
import { shootdown } from "./shootdown.js";

/** Twenty pages, again and again; the last access is to page 119. */
const rounds = Array.from({ length: 2000 }, (_, i) => ` L ${((100 + (i % 20)) * 4096).toString(16)},8`);
const trace = fileWith("rounds.lackey", `${rounds.join("\n")}\n`);
const list = fileWith("flushes.txt", "# two\n399 0x64000 4\n\n1399 368640 50\n");

async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await shootdown([...args, "--json"]);
  expect([code, /shootdown:/.test(stderr)]).toEqual([0, false]);
  return JSON.parse(stdout);
}

describe("shootdown flushcost", () => {
  it("counts what a list of flushes costs in each way", async () => {
    const found = flushcostOutput.parse(await json("flushcost", trace, "--flushes", list));
    expect(found).toMatchObject({ records: 2000, requests: 2, requestedPages: 54 });
    expect(found.strategies.map((row) => [row.strategy, row.flushes, row.invalidations, row.l2Refills])).toEqual([
      ["full", 2, 0, 40],
      ["ranged", 0, 2, 24],
      ["pages, full above 33", 1, 4, 24],
    ]);
  });

  it("flushes the pages in use behind every so many records", async () => {
    const args = ["--every", "500", "--range", "1", "--ceiling", "0", "--ceiling", "1"];
    const found = flushcostOutput.parse(await json("flushcost", trace, ...args));
    // The fourth comes behind the last access: nothing misses any more.
    expect(found.strategies.map((row) => [row.strategy, row.flushes, row.invalidations, row.l2Refills])).toEqual([
      ["full", 4, 0, 60],
      ["ranged", 0, 4, 3],
      ["pages, full above 0", 4, 0, 60],
      ["pages, full above 1", 0, 4, 3],
    ]);
  });

  it("says what shared PMD tables save", async () => {
    const args = ["--hugetlb", "0x0-0x40000000", "--processes", "5"];
    const found = flushcostOutput.parse(await json("flushcost", trace, ...args));
    expect(found.sharing).toEqual({ spaces: 5, tables: [5, 1], lines: [5, 1] });
    const { stdout } = await shootdown(["flushcost", trace, ...args]);
    expect(stdout).toMatch(/pages of page tables +5 +1 +4 +16 KiB/);
  });

  it("of a trace that is cut says so and ends with 2", async () => {
    const cut = fileWith("cut.lackey", `${rounds.slice(0, 100).join("\n")}\n L 10`);
    const { code, stdout, stderr } = await shootdown(["flushcost", cut, "--json"]);
    expect([code, flushcostOutput.parse(JSON.parse(stdout)).cut?.line]).toEqual([2, 101]);
    expect(stderr).toContain("The trace is cut at line 101");
  });

  const bad: [args: string[], what: RegExp][] = [
    [["--flushes", "no-such-file"], /no-such-file: cannot be read; check the path of the list of flushes/],
    [["--flushes", fileWith("bad.txt", "1 0x0 1\nx")], /bad.txt:2: .*x.* is no flush; write AFTER START PAGES/],
    [["--flushes", fileWith("order.txt", "9 0x0 1\n8 0x0 1")], /order.txt:2: the flushes are out of order; sort/],
    [["--flushes", list, "--every", "5"], /--every and --flushes exclude each other/],
    [["--hugetlb", "0x5-0x4"], /--hugetlb: .*0x5-0x4.* is no range of addresses/],
    [["-p", "thp"], /--pages: there is no page size .*thp.*; choose one of 4k, 2m, 1g/],
  ];
  it.each(bad)("refuses in one line: %j", async (args, what) => {
    const { code, stdout, stderr } = await shootdown(["flushcost", trace, ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(what);
  });
});

describe("shootdown unmap", () => {
  it("gives a row for each edition and machine", async () => {
    const found = unmapOutput.parse(await json("unmap", "-n", "20000", "-e", "3.5,5.16", "-b", "x86,arm64-range"));
    // 20,000 pages are two full gathers of 9698 and a rest; x86 drops everything above 33 pages.
    expect(found.results.map((row) => [row.edition, row.backend, row.pagesFreed, row.flushes >= 3])).toEqual([
      ["3.5", "x86", 20000, true],
      ["3.5", "arm64-range", 20000, true],
      ["5.16", "x86", 20000, true],
      ["5.16", "arm64-range", 20000, true],
    ]);
    const full = found.results.map((row) => row.fullFlushes);
    expect([full[2], full[3]]).toEqual([found.results[2]?.flushes, 0]);
  });

  it.each([
    [["--kind", "tiny"], /--kind: there is no kind .*tiny.*; choose one of dense, huge, sparse/],
    [["-e", "9.99x"], /--edition: there is no edition .*9.99x/],
    [["-b", "vax"], /--backend: there is no backend .*vax/],
    [["-k", "sparse", "-n", "4000000", "--stride", "1000000"], /unmap: a range has 1 to 4194304 pages and ends below/],
  ] as const)("refuses in one line: %j", async (args, what) => {
    const { code, stdout, stderr } = await shootdown(["unmap", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(what);
  });
});

describe("--json of the trace commands", () => {
  it("of tlb and convert fits its schema", async () => {
    expect(tlbOutput.parse(await json("tlb", trace)).results).toHaveLength(3);
    const converted = convertOutput.parse(await json("convert", trace, pathOf("rounds.sdt")));
    expect(converted.records).toBe(2000);
  });
});

describe("a trace in a pipe", () => {
  it("is kept for the second reading that transparent huge pages need", async () => {
    const records = madeUp(5000);
    const [pipe, file] = [pathOf("pipe"), fileWith("kept.lackey", lackeyText(records))];
    execFileSync("mkfifo", [pipe]);
    const writer = createWriteStream(pipe);
    writer.end(lackeyText(records));
    const [piped, plain] = [await tlb({ source: pipe, pages: ["thp"] }), await tlb({ source: file, pages: ["thp"] })];
    const rows = [piped, plain].map(({ results }) => results.map((row) => ({ ...row, seconds: 0 })));
    expect(rows[0]).toEqual(rows[1]);
    expect([piped.source, piped.records, piped.clipped]).toEqual([pipe, plain.records, plain.clipped]);
  });

  it("that is cut is simulated up to the cut", async () => {
    const pipe = pathOf("cut-pipe");
    execFileSync("mkfifo", [pipe]);
    createWriteStream(pipe).end(`${rounds.slice(0, 50).join("\n")}\n L 1`);
    const { cut, records } = await tlb({ source: pipe, pages: ["thp"] });
    expect([records, cut]).toEqual([50, { line: 51, what: "the last line is not whole" }]);
  });
});
