/**
 * Several traces, on several workers: the same rows in the same order, whatever goes wrong. Through the built command.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { tlbOutput, tlbTracesOutput } from "../../src/report/tlb-schema.js";
import { fileWith, lackeyText, madeUp } from "../replay/read/helpers.js";
import { root, shootdown } from "./shootdown.js";

const first = fileWith("first.lackey", lackeyText(madeUp(30_000)));
const second = fileWith("second.lackey", lackeyText(madeUp(9000).reverse()));
const cut = fileWith("cut.lackey", lackeyText(madeUp(500)).slice(0, -2));
const wrong = fileWith("wrong.lackey", " L 1000,8\n L zz,8\n");
const rows = ["-t", "skylake", "-t", "l1:16x4,l2:64x4", "-p", "4k,2m,thp", "--sweep", "--curve"];

/** Without the times, which are of the run. */
const timeless = (text: string): unknown => JSON.parse(text.replaceAll(/"seconds": [\d.e-]+/g, '"seconds": 0'));

/** What is said on stderr, without progress: a slow machine has some. */
const said = (stderr: string): string[] => stderr.split("\n").filter((line) => line.startsWith("shootdown: "));

describe("tlb --jobs", () => {
  it("gives the rows of one worker, with fewer workers than traces and with more", async () => {
    const traces = [first, second, cut];
    const alone = await shootdown(["tlb", ...traces, ...rows, "--json"]);
    const { traces: found } = tlbTracesOutput.parse(JSON.parse(alone.stdout));
    expect(
      found.map(({ source, results, sweeps, curves }) => [source, results.length, sweeps.length, curves.length]),
    ).toEqual(traces.map((trace) => [trace, 6, 2, 2]));
    expect(found.map((trace) => trace.cut?.line)).toEqual([undefined, undefined, 500]);
    expect(alone.code).toBe(2);
    for (const jobs of ["2", "7"]) {
      const side = await shootdown(["tlb", ...traces, ...rows, "--json", "--jobs", jobs]);
      expect([side.code, said(side.stderr)]).toEqual([alone.code, said(alone.stderr)]);
      expect(timeless(side.stdout)).toEqual(timeless(alone.stdout));
    }
  });

  it("shares out the rows of one trace", async () => {
    const [alone, side] = await Promise.all(
      ["1", "3"].map((jobs) => shootdown(["tlb", first, ...rows, "--json", "--jobs", jobs])),
    );
    tlbOutput.parse(JSON.parse(side?.stdout ?? ""));
    expect(timeless(side?.stdout ?? "")).toEqual(timeless(alone?.stdout ?? ""));
  });

  it("of a trace that is refused says why, runs the others, and ends with 2", async () => {
    for (const jobs of ["1", "2"]) {
      const args = ["tlb", first, wrong, "no-such-file", second, "-p", "4k", "--jobs", jobs];
      const { code, stdout, stderr } = await shootdown(args);
      expect(code).toBe(2);
      expect(stdout.match(/^\S+: [\d,]+ records$/gm)).toEqual([`${first}: 30,000 records`, `${second}: 9,000 records`]);
      expect(said(stderr)).toEqual([
        expect.stringMatching(/wrong\.lackey:2: column 4: /),
        "shootdown: no-such-file: no such file; check the path",
      ]);
    }
    const { code, stdout, stderr } = await shootdown(["tlb", "no-such-file", "--jobs", "2"]);
    expect([code, stdout, said(stderr)]).toEqual([2, "", ["shootdown: no-such-file: no such file; check the path"]]);
  });

  it("refuses a number of workers that cannot be", async () => {
    for (const jobs of ["0", "257", "two"]) {
      const { code, stderr } = await shootdown(["tlb", first, "--jobs", jobs]);
      expect([code, stderr.split("\n").length]).toEqual([2, 2]);
    }
  });

  it("stops at Ctrl-C, workers too", async () => {
    const traces = ["python", "sqlite"].map((name) => `${root}test/fixtures/traces/${name}.lackey.xz`);
    const args = ["dist/src/cli/main.js", "tlb", ...traces, ...traces, ...traces, "--sweep", "--jobs", "2"];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    // The first progress line comes after two seconds.
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(stderr).toMatch(/records, [\d.]+ M\/s\n(.*\n)*shootdown: interrupted\n$/);
  });
});
