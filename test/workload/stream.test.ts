import { createHash } from "node:crypto";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/error.js";
import { LINE_BYTES_MAX, lineChunks, openLineBatches, openLines } from "../../src/workload/stream.js";
import { drain, fileWith, fixture, inputErrorOf, pieces, temporaryFolder } from "./helpers.js";

async function textOf(path: string): Promise<string> {
  let text = "";
  for await (const { lines, complete } of openLineBatches(path)) text += lines.join("\n") + (complete ? "\n" : "");
  return text;
}

describe("lines", () => {
  test("come with their numbers, one at a time", async () => {
    const lines = await drain(openLines(fileWith("three", "a\n\nc\n")));
    expect(lines).toEqual([
      { text: "a", line: 1 },
      { text: "", line: 2 },
      { text: "c", line: 3 },
    ]);
  });

  test("end at \\n as well as at \\r\\n", async () => {
    expect(await textOf(fileWith("dos", "a\r\nb\r\n"))).toBe("a\nb\n");
  });

  test("say when the last one has no newline (L2)", async () => {
    const batches = await drain(openLineBatches(fileWith("open", "a\nb")));
    expect(batches).toEqual([
      { lines: ["a"], firstLine: 1, complete: true },
      { lines: ["b"], firstLine: 2, complete: false },
    ]);
  });

  test("are the same whatever pieces they arrive in (L1)", async () => {
    const text = Array.from({ length: 300 }, (_, index) => "x".repeat(index)).join("\n");
    const whole = createHash("sha256").update(`${text}\n`).digest("hex");
    for (const size of [1, 7, 64, 301, 4096]) {
      const hash = createHash("sha256");
      let expected = 1;
      for await (const { bytes, count, ends, firstLine } of lineChunks("text", pieces(text, size))) {
        expect(firstLine).toBe(expected);
        expect(ends[count - 1]).toBe(bytes.length - 1);
        expected += count;
        hash.update(bytes);
      }
      expect([size, expected, hash.digest("hex")]).toEqual([size, 301, whole]);
    }
  });
});

describe("packed files", () => {
  test("in xz unpack to exactly what `xz -dc` gives", async () => {
    const digest = createHash("sha256")
      .update(await textOf(fixture("gcc")))
      .digest("hex");
    expect(digest).toBe("46db20120fa4a4c65819c622c5a4f25a616c143dc5ded990222d0e2a8ee73b2c");
  });

  test("in gzip, xz and not packed give the same text, whatever they are called", async () => {
    const text = await textOf(fixture("redis"));
    expect(text.length).toBe(22730);
    expect(await textOf(fileWith("plain.gz", text))).toBe(text);
    expect(await textOf(fileWith("gzip.xz", gzipSync(text)))).toBe(text);
    expect(await textOf(fileWith("xz.txt", readFileSync(fixture("redis"))))).toBe(text);
  });

  test("that were concatenated are read one after the other (B3)", async () => {
    const text = await textOf(fixture("redis"));
    const packed = readFileSync(fixture("redis"));
    expect(await textOf(fileWith("twice.xz", Buffer.concat([packed, packed])))).toBe(text + text);
    const gzip = gzipSync(text);
    expect(await textOf(fileWith("twice.gz", Buffer.concat([gzip, gzip])))).toBe(text + text);
  });

  test("are let go of when the reader stops early, so that the next one can be read", async () => {
    for (let round = 0; round < 3; round++) {
      for await (const { text } of openLines(fixture("python"))) {
        expect(text).toContain("execve");
        break;
      }
    }
    expect((await drain(openLines(fixture("python")))).length).toBe(1147);
  });

  test.each([10, 3000, 3420])("in xz that are cut after %d bytes are refused (B2)", async (size) => {
    const path = fileWith("cut.xz", readFileSync(fixture("redis")).subarray(0, size));
    const error = await inputErrorOf(drain(openLines(path)));
    expect(error.message).toBe(
      `${path}:byte ${size}: the file is cut: the xz data ends early; copy it again from where it was recorded`,
    );
  });

  test.each([12, 500, 2000])("in gzip that are cut after %d bytes are refused (B2)", async (size) => {
    const path = fileWith("cut.gz", gzipSync(await textOf(fixture("redis"))).subarray(0, size));
    const error = await inputErrorOf(drain(openLines(path)));
    expect(error.message).toBe(
      `${path}:byte ${size}: the file is cut: the gzip data ends early; copy it again from where it was recorded`,
    );
  });

  test("that were altered are refused", async () => {
    const xz = Buffer.from(readFileSync(fixture("redis")));
    xz.fill(0x55, 1500, 1600);
    const xzError = await inputErrorOf(drain(openLines(fileWith("bad.xz", xz))));
    expect(xzError.message).toContain("the xz data is damaged");
    const gzip = gzipSync("a line\n".repeat(100));
    gzip[gzip.length - 8] = (gzip.at(-8) as number) ^ 1;
    const gzipError = await inputErrorOf(drain(openLines(fileWith("bad.gz", gzip))));
    expect(gzipError.message).toContain("the gzip data is damaged");
  });

  test("in other formats are refused by name", async () => {
    const zstd = await inputErrorOf(drain(openLines(fileWith("a.zst", Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0)))));
    expect(zstd.message).toMatch(/the zstd data ends early; copy it again/);
  });
});

describe("bad files", () => {
  test("a missing file and a directory are named as such", async () => {
    const missing = join(temporaryFolder(), "missing");
    const first = await inputErrorOf(drain(openLines(missing)));
    expect(first.message).toBe(`${missing}: no such file; check the path`);
    expect(first.place).toBeUndefined();
    const second = await inputErrorOf(drain(openLines(temporaryFolder())));
    expect(second.message).toBe(`${temporaryFolder()}: is a directory; give one file of it`);
  });

  test("a file without permission is refused (where permissions count)", async () => {
    const path = fileWith("secret", "a\n");
    chmodSync(path, 0);
    if (process.getuid?.() === 0) expect((await drain(openLines(path))).length).toBe(1);
    else expect((await inputErrorOf(drain(openLines(path)))).message).toContain("cannot be read (EACCES)");
  });

  test.each([
    ["nothing", ""],
    ["packed nothing", gzipSync("")],
  ])("a file of %s is refused", async (_, content) => {
    const path = fileWith("empty", content);
    const error = await inputErrorOf(drain(openLines(path)));
    expect(error.message).toBe(`${path}: the file is empty; give a file that holds a recording`);
  });

  test.each([
    ["a zero byte", "text\nmore\0text\n", /:byte 9: the file is binary \(a zero byte\)/],
    ["a control character", "text\u0001\n", /:byte 4: the file is binary \(a control character\)/],
    ["hardly any ASCII", Buffer.alloc(64, 0xc3), /:byte 0: the file is binary \(hardly any ASCII\)/],
    ["two bytes a character", Buffer.from("\ufeffmmap(", "utf16le"), /:byte 0: the text is UTF-16/],
  ])("a file with %s is refused", async (_, content, message) => {
    const error = await inputErrorOf(drain(openLines(fileWith("binary", content))));
    expect(error.message).toMatch(message);
  });

  test("a zero byte is found in any chunk", async () => {
    const content = Buffer.from("0123456\n".repeat(100_000));
    content[700_001] = 0;
    const error = await inputErrorOf(drain(openLines(fileWith("late", content))));
    expect(error.place).toBe("byte 700001");
  });

  test("the longest line is read, and a longer one is refused (L4)", async () => {
    const longest = "x".repeat(LINE_BYTES_MAX);
    expect((await drain(openLines(fileWith("long", `a\n${longest}\n`)))).at(-1)?.text.length).toBe(LINE_BYTES_MAX);
    for (const end of ["\n", "", "x".repeat(1 << 20)]) {
      const error = await inputErrorOf(drain(openLines(fileWith("longer", `a\n${longest}x${end}`))));
      expect(error.message).toContain(":2: the line is longer than 65536 bytes");
    }
  });
});

describe("an InputError", () => {
  test("is one line, also where the input is not", () => {
    const error = new InputError("bad\nthing", { source: "a\u001bb", line: 3, remedy: "mend it" });
    expect(error.message).toBe("a\\x1bb:3: bad\\x0athing; mend it");
    expect([error.source, error.place, error.remedy]).toEqual(["a\u001bb", "3", "mend it"]);
  });
});

test("an aborted signal stops the reading with its own reason", async () => {
  const stop = new AbortController();
  const lines = openLineBatches(fileWith("endless", "0123456\n".repeat(200_000)), stop.signal);
  expect((await lines.next()).value?.firstLine).toBe(1);
  stop.abort(new Error("enough"));
  await expect(lines.next()).rejects.toThrow("enough");
});
