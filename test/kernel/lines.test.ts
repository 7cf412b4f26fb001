/**
 * Two rules of the house for what people read: a listing line has one effect that another CPU can see, and a scenario
 * fits on a page.
 */
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { Op } from "../../assembly/abi/ops.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { calls } from "../../src/kernel/calls.js";
import { type CompiledOp, compile } from "../../src/kernel/compile.js";
import { editions } from "../../src/kernel/editions.js";

const SCENARIO_LINES_MAX = 60;
const folder = new URL("../../src/scenarios/", import.meta.url);

/** Every different line of every path, in every edition on every machine. */
function allLines(): CompiledOp[] {
  const found = new Map<string, CompiledOp>();
  for (const { listing } of calls) {
    for (const edition of editions) {
      for (const backend of backends) {
        for (const line of compile(listing, edition, backend, 0)) {
          found.set(`${line.op} ${line.fn} ${line.text}`, line);
        }
      }
    }
  }
  return [...found.values()];
}

/** Lines of a file that hold something other than a comment. */
function codeLines(text: string): number {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text);
  const lines = new Set<number>();
  const lineOf = (at: number): number => text.slice(0, at).split("\n").length;
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    for (let line = lineOf(scanner.getTokenStart()); line <= lineOf(scanner.getTokenEnd()); line++) lines.add(line);
  }
  return lines.size;
}

describe("a line of a listing", () => {
  const lines = allLines();
  const visible = lines.filter(({ op }) => op >= Op.VISIBLE);

  it("is one op, and says in one sentence what others can see of it", () => {
    expect(visible.length).toBeGreaterThan(150);
    const silent = visible.filter(({ says, text }) => says === "" && text !== "(oracle)");
    expect(silent.map(({ fn, text }) => `${fn}: ${text}`)).toEqual([]);
  });

  it("stands for one statement of the kernel when others can see it", () => {
    const joined = visible.filter(({ text }) => /;\s*\S/.test(text));
    expect(joined.map(({ fn, text }) => `${fn}: ${text}`)).toEqual([]);
  });

  it("says nothing of others when only its own task notices it", () => {
    const loud = lines.filter(({ op, says }) => op < Op.VISIBLE && says !== "");
    expect(loud.map(({ fn, text, says }) => `${fn}: ${text}: ${says}`)).toEqual([]);
  });
});

describe("a scenario", () => {
  const files = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name));

  it.each(files)(`%s has at most ${SCENARIO_LINES_MAX} lines without its comments`, (name) => {
    expect(codeLines(readFileSync(new URL(name, folder), "utf8"))).toBeLessThanOrEqual(SCENARIO_LINES_MAX);
  });

  it("is counted by its tokens", () => {
    expect(files.length).toBeGreaterThan(35);
    expect(codeLines("/* a\n b */\n\n// c\nconst x = `d\n\ne`;\n")).toBe(3);
  });
});
