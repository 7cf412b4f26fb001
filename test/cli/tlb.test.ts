/** The trace commands, from arguments to text, JSON and exit code. */
import { existsSync, readFileSync } from "node:fs";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { registerConvert } from "../../src/cli/convert.js";
import { registerTlb } from "../../src/cli/tlb.js";
import type { TraceSession } from "../../src/cli/trace-session.js";
import { InputError } from "../../src/error.js";
import { convertOutput, tlbOutput } from "../../src/report/tlb-schema.js";
import { fileWith, lackeyText, madeUp, pathOf } from "../replay/read/helpers.js";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function shootdown(...args: string[]): Promise<Outcome> {
  let out = "";
  let err = "";
  const session: TraceSession = {
    signal: new AbortController().signal,
    json: args.includes("--json"),
    look: { paint: (_, text) => text, width: 120 },
    progress: { show: () => {} },
    code: 0,
    print: (text) => {
      out += text;
    },
    printJson: (value) => {
      out += JSON.stringify(value);
    },
    remark: (text) => {
      err += `${text}\n`;
    },
  };
  const program = new Command("shootdown").option("--json").exitOverride();
  program.configureOutput({ writeOut: (text) => session.print(text), writeErr: () => {} });
  registerTlb(program, session);
  registerConvert(program, session);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof InputError) return { code: 2, out, err: error.message };
    if ((error as { code?: string }).code !== "commander.helpDisplayed") throw error;
  }
  return { code: session.code, out, err };
}

const records = madeUp(20_000);
const trace = fileWith("app.lackey", lackeyText(records));
const accesses = records.filter((value) => value >> 56n !== 0n).length;

describe("shootdown tlb", () => {
  it("prints a row for each TLB and page size", async () => {
    const { code, out, err } = await shootdown("tlb", trace, "-t", "skylake", "-t", "l1:16x4,l2:64x4", "-p", "4k,2m");
    expect([code, err]).toEqual([0, ""]);
    const rows = out.split("\n").filter((line) => /^(skylake|l1:16x4,l2:64x4) /.test(line));
    expect(rows.map((row) => row.split(/\s+/).slice(0, 3))).toEqual([
      ["skylake", "4k", accesses.toLocaleString("en-US")],
      ["skylake", "2m", accesses.toLocaleString("en-US")],
      ["l1:16x4,l2:64x4", "4k", accesses.toLocaleString("en-US")],
      ["l1:16x4,l2:64x4", "2m", accesses.toLocaleString("en-US")],
    ]);
  });

  it("gives one JSON object, with the sweep", async () => {
    const { code, out } = await shootdown("--json", "tlb", trace, "-p", "4k", "--sweep");
    const result = JSON.parse(out);
    expect(code).toBe(0);
    expect(result.schema).toBe("shootdown/tlb@1");
    expect(result.results[0]).toMatchObject({ pages: "4k", tlb: "skylake", accesses });
    expect(result.results[0].levels.map((level: { name: string }) => level.name)).toEqual(["l1", "l2"]);
    expect(result.sweeps[0].misses.map((line: number[]) => line.length)).toEqual(new Array(12).fill(16));
    // The L1 of Skylake for 4 KiB pages is one of the swept: 16 sets of 4 ways.
    expect(result.sweeps[0].misses[4][3]).toBe(result.results[0].levels[0].misses);
  });

  it("draws the miss curve, which begins where the sweep does", async () => {
    const { code, out } = await shootdown("--json", "tlb", trace, "-p", "4k,2m", "--sweep", "--curve");
    const { sweeps, curves } = tlbOutput.parse(JSON.parse(out));
    expect([code, curves.map(({ pages }) => pages)]).toEqual([0, ["4k", "2m"]]);
    for (const [i, { points }] of curves.entries()) {
      for (const { entries, misses } of points.filter((point) => point.entries <= 16)) {
        expect([entries, misses]).toEqual([entries, sweeps[i]?.misses[0]?.[entries - 1]]);
      }
    }
    const text = await shootdown("tlb", trace, "-p", "4k", "--curve");
    expect(text.out).toContain("Fully associative LRU TLBs for 4k pages");
    expect(text.out).toMatch(/\n +4 +[\d,]+ +[\d.]+ %\n/);
  });

  it("gives JSON that its schema knows, whatever was asked", async () => {
    const cpus = fileWith(
      "cpus.txt",
      "  1  1:  3 <marker: tid 3 on core 7>\n  2  1:  3 read         8 byte(s) @ 0x1000\n",
    );
    const cut = fileWith("cut.lackey", " L 1000,8\n L 10");
    for (const args of [
      [trace, "--sweep", "--curve", "--fetch"],
      [trace, "-p", "1g,thp", "--levels", "5"],
      [cpus],
      [cut],
    ]) {
      const { out } = await shootdown("--json", "tlb", ...args);
      tlbOutput.parse(JSON.parse(out));
    }
    const { out } = await shootdown("--json", "convert", cut, pathOf("kept.sdt"), "--keep-cut");
    expect(convertOutput.parse(JSON.parse(out)).cut).toEqual({ line: 2, what: "the last line is not whole" });
  });

  it("counts fetches when asked", async () => {
    const { out } = await shootdown("--json", "tlb", trace, "-p", "4k", "--fetch");
    expect(JSON.parse(out).results[0].accesses).toBe(records.length);
  });

  it("of a trace that is cut prints what came before, says so, and ends with 2", async () => {
    const cut = fileWith("cut.lackey", lackeyText(records.slice(0, 1000)).slice(0, -3));
    const { code, out, err } = await shootdown("tlb", cut, "-p", "4k");
    expect(code).toBe(2);
    expect(out).toContain("999 records");
    const text = "The trace is cut at line 1,000 (the last line is not whole): the numbers hold for what comes before.";
    expect(out.trimEnd().endsWith(text)).toBe(true);
    expect(err).toBe(`shootdown: ${cut}: ${text}\n`);
    const json = JSON.parse((await shootdown("--json", "tlb", cut, "-p", "4k")).out);
    expect(json.cut).toEqual({ line: 1000, what: "the last line is not whole" });
  });

  const refused: [args: string[], what: RegExp][] = [
    [["tlb", "no-such-file"], /^no-such-file: no such file; check the path$/],
    [["tlb", trace, "-t", "pentium"], /^--tlb: there is no TLB "pentium"; choose one of skylake, /],
    [["tlb", trace, "-t", "l1:64x5,l2:8x8"], /^--tlb l1:64x5,l2:8x8: l1: 64 entries are not a multiple of 5 ways; /],
    [["tlb", trace, "-p", "4k,8k"], /^--pages: there is no page size "8k"; choose of 4k, 2m, 1g, thp$/],
    [["tlb", trace, "--cpus", "0"], /^--cpus: "0" is no whole number from 1 to 4096; /],
    [["tlb", trace, "--format", "din"], /^--format: there is no format "din"; choose of lackey, /],
    [
      ["tlb", trace, "--format", "compact"],
      /app.lackey:byte 0: not a compact trace; make it with `shootdown convert`$/,
    ],
  ];
  for (const [args, what] of refused) {
    it(`refuses in one line: ${args.slice(1).join(" ").replace(trace, "TRACE")}`, async () => {
      const { code, out, err } = await shootdown(...args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(what);
    });
  }
});

describe("shootdown convert", () => {
  it("writes a trace that gives the same counts", async () => {
    const output = pathOf("app.sdt");
    const { code, out } = await shootdown("convert", trace, output);
    expect(code).toBe(0);
    expect(out).toMatch(
      /app.sdt: 20,000 records of lackey, [\d,]+ of them accesses; [\d,]+ bytes \(gzip\), \d\.\d+ bytes an access\n$/,
    );
    const rows = async (path: string): Promise<object[]> => {
      const { results } = JSON.parse((await shootdown("--json", "tlb", path)).out);
      return results.map(({ seconds, ...row }: { seconds: number }) => ({ ...row, timed: seconds >= 0 }));
    };
    expect(await rows(output)).toEqual(await rows(trace));
  });

  it("packs only when asked to, and reports in JSON", async () => {
    const output = pathOf("plain.sdt");
    const { out } = await shootdown("--json", "convert", trace, output, "--plain");
    expect(JSON.parse(out)).toMatchObject({ schema: "shootdown/convert@1", output, packing: "plain", accesses });
    expect(readFileSync(output).subarray(0, 4).toString("latin1")).toBe("\x8aSDT");
  });

  it("refuses a trace that is cut, unless it is to keep what there is", async () => {
    const cut = fileWith("cut.lackey", lackeyText(records).slice(0, -3));
    const output = pathOf("cut.sdt");
    const { code, err } = await shootdown("convert", cut, output);
    expect([code, existsSync(output)]).toEqual([2, false]);
    expect(err).toMatch(/cut.lackey:20000: the trace is cut: .*; copy it again, or convert .* with --keep-cut$/);
    const kept = await shootdown("convert", cut, output, "--keep-cut");
    expect([kept.code, existsSync(output)]).toEqual([2, true]);
  });

  it("ends its help with two examples, as tlb does", async () => {
    for (const command of ["convert", "tlb"]) {
      const { out } = await shootdown(command, "--help");
      expect(out).toMatch(/Examples:\n {2}shootdown .*\n {2}shootdown .*\n$/);
    }
  });
});
