import { describe, expect, it } from "vitest";
import { Footnotes } from "../../src/report/footnotes.js";
import { coloured, plain } from "../../src/report/paint.js";
import { count, listed, plural, table, wrap } from "../../src/report/text.js";

describe("table", () => {
  const columns = [
    { head: "n", align: "right" },
    { head: "what", flexible: true, least: 10 },
  ] as const;

  it("wraps flexible columns to the width and leaves no space at line ends", () => {
    const text = table(columns, [["1", "some words that are long"]], { paint: plain, width: 20 });
    expect(text).toBe("n  what\n-  -----------------\n1  some words that\n   are long");
  });

  it("has the same shape with and without colour", () => {
    const rows = (paint: typeof plain): string[][] => [["1", paint("violated", "violated")]];
    const bare = table(columns, rows(plain), { paint: plain, width: 40 });
    const painted = table(columns, rows(coloured), { paint: coloured, width: 40 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour
    expect(painted.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "")).toBe(bare);
    expect(painted).not.toBe(bare);
  });
});

describe("words and numbers", () => {
  it("wraps a paragraph at spaces", () => {
    expect(wrap("one two three", 8)).toBe("one two\nthree");
    expect(wrap("one two", 8, "  ")).toBe("  one\n  two");
  });

  it("counts, lists and makes plurals", () => {
    expect([count(1234567), plural(1, "step"), plural(2, "process", "processes")]).toEqual([
      "1,234,567",
      "1 step",
      "2 processes",
    ]);
    expect([listed([]), listed(["a"]), listed(["a", "b", "c"])]).toEqual(["", "a", "a, b and c"]);
  });
});

describe("footnotes", () => {
  it("letters each text once, in order of appearance, also after z", () => {
    const notes = new Footnotes();
    expect([notes.mark("x"), notes.mark("y"), notes.mark("x")]).toEqual(["a", "b", "a"]);
    for (let i = 0; i < 25; i++) notes.mark(`more ${i}`);
    expect(notes.mark("last")).toBe("ab");
    expect(notes.format(40).split("\n")[0]).toBe("  a  x");
  });
});
