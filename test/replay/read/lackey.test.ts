import { describe, expect, it } from "vitest";
import { FETCH, fileWith, LOAD, lackeyText, MODIFY, madeUp, readAll, readBad, record, STORE } from "./helpers.js";

const read = async (text: string): Promise<bigint[]> => (await readAll(fileWith("a.lackey", text))).records;

describe("a lackey trace", () => {
  it("becomes records of kind, size and address", async () => {
    const text = "I  0401ab70,3\n L 1ffeffe868,8\n S 04a5c120,4\n M 0403f748,16\n";
    expect(await read(text)).toEqual([
      record(FETCH, 0x0401ab70, 3),
      record(LOAD, 0x1ffeffe868n, 8),
      record(STORE, 0x04a5c120, 4),
      record(MODIFY, 0x0403f748, 16),
    ]);
  });

  it("may have valgrind's own messages and empty lines anywhere", async () => {
    const text = "==123== Lackey\n==123== \n--123-- warning\n**123** hello\n\n L 00000010,1\n==123== Counted 1 call\n";
    expect(await read(text)).toEqual([record(LOAD, 0x10, 1)]);
  });

  it("may end its lines with \\r\\n", async () => {
    expect(await read("I  0401ab70,3\r\n L 1ffeffe868,16\r\n")).toEqual([
      record(FETCH, 0x0401ab70, 3),
      record(LOAD, 0x1ffeffe868n, 16),
    ]);
  });

  it("may have addresses of 1 to 16 digits in either case, of which 48 bits count", async () => {
    const digits = "123456789aBcDeF0";
    const lines = Array.from({ length: 16 }, (_, i) => ` S ${digits.slice(0, i + 1)},8\n`);
    const expected = Array.from({ length: 16 }, (_, i) => record(STORE, BigInt(`0x${digits.slice(0, i + 1)}`), 8));
    expect(await read(lines.join(""))).toEqual(expected);
  });

  it("has sizes above 255 counted as 255, and says how many", async () => {
    const { records, end } = await readAll(fileWith("big.lackey", " L 1000,255\n L 1000,256\n S 1000,2688\n"));
    expect(records.map((value) => Number((value >> 48n) & 255n))).toEqual([255, 255, 255]);
    expect(end.clipped).toBe(2);
  });

  it("of many lines is read whole, whatever its lines' lengths", async () => {
    const records = madeUp(150_000);
    expect((await readAll(fileWith("long.lackey", lackeyText(records)))).records).toEqual(records);
  });

  it("that ends inside a line yields what is before and says which line", async () => {
    const { records, end } = await readAll(fileWith("cut.lackey", " L 1000,8\n S 2000,8\n L 300"));
    expect(records).toEqual([record(LOAD, 0x1000, 8), record(STORE, 0x2000, 8)]);
    expect(end.cut).toEqual({ line: 3, what: "the last line is not whole" });
  });

  it("whose last line has no newline is cut there: nobody knows whether the size goes on", async () => {
    const { records, end } = await readAll(fileWith("cut.lackey", " L 1000,8\n S 2000,1"));
    expect([records.length, end.cut?.line]).toEqual([1, 2]);
  });
});

describe("a lackey line that does not parse", () => {
  const cases: [line: string, what: string][] = [
    [" L zz,8", 'column 4: no address: " L zz,8"'],
    [" L ,8", "column 4: no address"],
    [" L 1000", "column 8: no address"],
    [" L 12345678901234567,8", "column 20: no address"],
    [" L 1000,", "column 9: no size of at least 1"],
    [" L 1000,0", "column 9: no size of at least 1"],
    [" L 1000,x", "column 9: no size of at least 1"],
    [" L 1000,8 ", "column 10: the line goes on after the size"],
    [" L 1000,8f", "column 10: the line goes on after the size"],
    [" X 1000,8", 'column 1: not a line of a trace: " X 1000,8"'],
    ["L 1000,8", "column 1: not a line of a trace"],
    ["hello, world", 'column 1: not a line of a trace: "hello, world"'],
    ["I", "column 1: not a line of a trace"],
  ];
  for (const [line, what] of cases) {
    it(`is named by line and column: ${JSON.stringify(line)}`, async () => {
      const path = fileWith("bad.lackey", `I  0401ab70,3\n==1== x\n${line}\n L 1000,8\n`);
      const { count, message } = await readBad(path);
      expect(count).toBe(1);
      expect(message).toContain(`${path}:3: ${what}`);
      expect(message).not.toContain("\n");
    });
  }

  it("is named by its line far into the trace too", async () => {
    const path = fileWith("bad.lackey", `${lackeyText(madeUp(100_000))} L 1000;8\n L 1000,8\n`);
    const { count, message } = await readBad(path);
    expect(count).toBe(100_000);
    expect(message).toContain(`${path}:100001: column 8: no address`);
  });

  it("is refused when it is endless", async () => {
    const { message } = await readBad(fileWith("endless.lackey", ` L 1000,8\n${"x".repeat(300_000)}`));
    expect(message).toMatch(/endless.lackey:2: the line is longer than 65536 bytes/);
  });
});
