import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { linesOf, shootdown } from "./shootdown.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-cli-"));
const RACE = "seed/truncate@5.15/x86:000000011111111111111111111111.37";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const postgres = "test/fixtures/oplogs/postgres.strace.xz";

/** Arguments, and a part of the one line that they must give. */
const wrong: readonly (readonly [readonly string[], string])[] = [
  [["replay", RACE, "--no-repair", "--html", join(folder, "none/a.html")], "a.html: cannot write it: ENOENT"],
  [["replay", RACE, "--no-repair", "--trace", folder], "cannot write it: "],
  [["tlb", "test/fixtures/traces/made-up.view4.txt", "--html", folder], "cannot write it: "],
  [["replay", "program/race@7.1/x86:0g"], "these are no bytes"],
  [["replay", "program/race@7.1/x86:00.9"], "the run ends after 0 steps, and not after 9"],
  [["chekc"], "unknown command 'chekc' (Did you mean check?)"],
  [["--bogus"], "unknown option '--bogus'"],
  [["check", "--bogus"], "unknown option '--bogus'"],
  [["check", "--editoin", "5.15"], "(Did you mean --edition?)"],
  [["check", "--edition"], "argument missing"],
  [["check", "nope"], 'there is no scenario "nope"; choose one of: seed, '],
  [["check", "--edition", "5.x"], 'there is no edition "5.x"; choose one of: 3.5, '],
  [["check", "--edition", "5.15,,"], '"5.15,," has an empty name'],
  [["check", "--backend", "vax"], 'there is no backend "vax"; choose one of: precise, x86, '],
  [["check", "--bound", "0"], '--bound: "0" is no whole number from 1 to 1000000000'],
  [["check", "--memory", "0"], '--memory: "0" is no whole number from 1 to 4000'],
  [["check", "yardstick", "--set", "cpus"], '--set: "cpus" is no key=value pair'],
  [["check", "yardstick", "--set", "cpus=17"], '--set: cpus cannot be "17"'],
  [["check", "yardstick", "--set", "variant=none"], "give fixed, late, missing"],
  [["check", "yardstick", "--set", "cores=2"], 'yardstick has no parameter "cores"'],
  [["check", "hole-punch", "--set", "cpus=2"], 'hole-punch has no parameter "cpus"'],
  [["check", "seed", "--hardware", "real"], '--hardware: there is no "real"'],
  [["check", "--bound", "abc"], '--bound: "abc" is no whole number'],
  [["check", "--bound", "1e99"], '--bound: "1e99" is no whole number'],
  [["check", "--bound", "1000000001"], "is no whole number from 1 to 1000000000"],
  [["check", "--time", "-1"], '--time: "-1" is no number of seconds'],
  [["check", "--time", "0"], '--time: "0" is no number of seconds'],
  [["list"], "missing required argument 'what'"],
  [
    ["list", "songs"],
    'there is no list "songs"; choose one of: editions, backends, scenarios, bugs, calls, geometries',
  ],
  [["replay"], "missing required argument"],
  [["replay", "a", "b"], "too many arguments"],
  [["replay", "seed"], "there is no such file, and this is no replay token"],
  [["replay", "seed@5.15"], "this is no replay token; a token looks like seed/truncate@5.15/x86:"],
  [["replay", "nope/truncate@5.15/x86:0"], 'there is no scenario "nope"'],
  [["replay", "seed/nope@5.15/x86:0"], 'seed has no case "nope"; choose one of: truncate, exit'],
  [["replay", "seed/truncate@5.15/x86:9"], "agent 9 cannot move at choice 1"],
  [["replay", "seed/truncate@5.15/x86:0.9999"], "the run ends after"],
  [["replay", "src"], "this is no file"],
  [["replay", file("empty.json", "")], "the file is empty"],
  [["replay", file("text.json", "not json")], "this is no JSON"],
  [["replay", file("cut.json", '{"schema": "shootdown/sch')], "this is no JSON"],
  [["replay", file("other.json", '{"schema": "other"}')], "schema: a schema that replay knows is missing"],
  [["replay", file("number.json", '{"schema": "shootdown/schedule@1", "token": 7}')], "token: Invalid input"],
  [["replay", file("none.json", '{"schema": "shootdown/check@1", "results": []}')], "found no violation"],
  [["run"], "missing required argument 'log'"],
  [["run", "nofile.strace"], "nofile.strace: no such file"],
  [["run", "package.json"], "not an strace log"],
  [["run", "src"], "is a directory"],
  [["run", postgres, "--cpus", "32"], '--cpus: "32" is no whole number from 1 to 31'],
  [["run", postgres, "--touch", "some"], 'there is no touch "some"'],
  [["run", postgres, "--backend", "vax"], 'there is no backend "vax"'],
  [["run", postgres, "--edition", "9"], 'there is no edition "9"'],
];

describe.concurrent("wrong use and bad input", () => {
  it.each(wrong)("%j ends with 2 and one line that helps", async (args, part) => {
    const { code, stdout, stderr } = await shootdown(args);
    expect(stderr).toContain(part);
    expect(linesOf(stderr)).toHaveLength(1);
    expect(stderr).toMatch(/^shootdown: /);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("exit codes", () => {
  it("are 1 when a check or a replay finds harm", async () => {
    const checked = await shootdown(["check", "seed", "--edition", "5.15", "--backend", "x86"]);
    expect(checked.code).toBe(1);
    const token = /shootdown replay (\S+)/.exec(checked.stdout)?.[1] as string;
    expect((await shootdown(["replay", token])).code).toBe(1);
  });

  it("are 0 when nothing does harm: holds, masked and bounded", async () => {
    const codes = await Promise.all([
      shootdown(["check", "seed", "--edition", "3.5", "--backend", "x86"]),
      shootdown(["check", "seed", "--edition", "5.16", "--backend", "x86"]),
      shootdown(["check", "seed", "--edition", "5.15", "--backend", "x86", "--bound", "5"]),
      shootdown(["replay", "seed/truncate@5.15/x86:0000.11"]),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(codes.map(({ stdout }) => /holds|masked|bounded/.exec(stdout)?.[0])).toEqual([
      "holds",
      "masked",
      "bounded",
      undefined,
    ]);
  });

  it("are 0 for help and the version, of which every help ends with two examples", async () => {
    const version = await shootdown(["--version"]);
    expect(version).toMatchObject({ code: 0, stderr: "" });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const command of [[], ["check"], ["replay"], ["run"], ["list"], ["story"]]) {
      const { code, stdout, stderr } = await shootdown([...command, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const examples = linesOf(stdout.slice(stdout.indexOf("Examples:\n"))).slice(1, 3);
      expect(examples.every((line) => line.startsWith("  shootdown"))).toBe(true);
    }
  });
});
