import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FETCH, fileWith, LOAD, readAll, readBad, record, STORE, SWITCH_ASID, SWITCH_CPU } from "./helpers.js";

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/traces/${name}`, import.meta.url));

describe("DynamoRIO's view", () => {
  it("of version 5 and later, with instruction numbers, becomes records and switches of CPU", async () => {
    const { records, format, end } = await readAll(fixture("made-up.view6.txt"));
    expect(format).toBe("drmemtrace-view");
    expect(end.cut).toBeUndefined();
    expect(records).toEqual([
      record(FETCH, 0x7fcae55ed1a8n, 1),
      record(LOAD, 0x7ffd1fded688n, 8),
      record(FETCH, 0x7fcae55efa9bn, 12),
      record(STORE, 0x7ffd1fded680n, 32),
      record(SWITCH_CPU, 1),
      record(FETCH, 0x404a78, 6),
      record(SWITCH_CPU, 0),
      record(LOAD, 0x7fdf64e2adc8n, 8),
    ]);
  });

  it("of version 4, with T before the thread, becomes the same", async () => {
    const { records } = await readAll(fixture("made-up.view4.txt"));
    expect(records).toEqual([
      record(FETCH, 0x402680, 3),
      record(LOAD, 0x7f8881e37c70n, 8),
      record(STORE, 0x7f8881e37a70n, 8),
      record(SWITCH_CPU, 1),
      record(FETCH, 0x40361a, 4),
    ]);
  });

  it("in the shapes that its documentation and tests show becomes records", async () => {
    // Parts left out, 32-bit addresses, AArch64, windows, registers only (REGDEPS), spill of long bytes.
    const text = `Output format:
<--record#-> <--instr#->: <---tid---> <record details>
------------------------------------------------------------
           1           0:        1207 <marker: version 6>
           2           0:        1207 <marker: vector length 16 bytes>
<...>
       11910        9759:        1207 ifetch       1 byte(s) @ 0x00007f12345ed1a8 c3       ret (target 0x7f1234)
       11911        9760:        1207 ifetch       6 byte(s) @ 0x08048a78 0f 84 5b 01 00 00 jz 0x08048bd9 (untaken)
       11912        9760:        1207 read         4 byte(s) @ 0xffe2adc8 by PC 0x08048a78
       11913        9761:        1207 ifetch       4 byte(s) @ 0x0000000000400580 a401a03c ld1b +0x10(%x1)
       11914        9761:        1207 read        16 byte(s) @ 0x0000ffffb9de0c10 by PC 0x0000000000400580
       11915        9761:        1207 <marker: kernel xfer from 0x404e1f to handler>
       11916        9761:        1207 <marker: function==syscall #14>
------------------------------------------------------------
       11917        9761:        1207 <marker: window 1>
       11918        9761:        1207 <marker: wait for another core>
       11919        9762:       W1.T3 <marker: W1.T3 on core 2>
       11920        9762:       W1.T3 ifetch      10 byte(s) @ 0x00007f86ef03d107 00001931 04020204 load store [4byte]
       11920        9762:       W1.T3                                             00000026
       11921        9762:       W1.T3 pref-w-L3-NT 1 byte(s) @ 0x00007f86ef03d000 by PC 0x00007f86ef03d107
       11922        9762:       W1.T3 <entry type 46>
       11923        9762:       W1.T3 write        8 byte(s) @ 0x00007f86ef03d000 by PC 0x00007f86ef03d107
`;
    expect((await readAll(fileWith("shapes.txt", text))).records).toEqual([
      record(FETCH, 0x7f12345ed1a8n, 1),
      record(FETCH, 0x8048a78, 6),
      record(LOAD, 0xffe2adc8, 4),
      record(FETCH, 0x400580, 4),
      record(LOAD, 0xffffb9de0c10n, 16),
      // The first workload and the first CPU of a trace have number 0: no switch.
      record(FETCH, 0x7f86ef03d107n, 10),
      record(STORE, 0x7f86ef03d000n, 8),
    ]);
  });

  it("of several workloads switches address spaces", async () => {
    const line = (prefix: string, address: string): string =>
      `           8           1:       ${prefix} read         4 byte(s) @ 0x${address} by PC 0x0000002a\n`;
    const text =
      line("W0.T3", "00001000") + line("W1.T9", "00002000") + line("W1.T8", "00003000") + line("W0.T3", "4000");
    expect((await readAll(fileWith("w.txt", text))).records).toEqual([
      record(LOAD, 0x1000, 4),
      record(SWITCH_ASID, 1),
      record(LOAD, 0x2000, 4),
      record(LOAD, 0x3000, 4),
      record(SWITCH_ASID, 0),
      record(LOAD, 0x4000, 4),
    ]);
  });

  it("does not count instructions that were not fetched, prefetches and cache flushes", async () => {
    const line = (rest: string): string => `  8  1:  3 ${rest}\n`;
    const text = [
      "ifetch       4 byte(s) @ 0x0000002a non-fetched instruction",
      "pref-r-L1    1 byte(s) @ 0x00001000 by PC 0x0000002a",
      "iflush      64 byte(s) @ 0x00001000 by PC 0x0000002a",
      "<thread 3 exited>",
      "ifetch       4 byte(s) @ 0x0000002e non-branch",
    ].map(line);
    expect((await readAll(fileWith("n.txt", text.join("")))).records).toEqual([record(FETCH, 0x2e, 4)]);
  });

  const bad: [line: string, what: string][] = [
    ["  8  1:  3 read         x byte(s) @ 0x1000 by PC 0x2a", "column 25: no size of at least 1"],
    ["  8  1:  3 read         8 byte(s) @ 1000 by PC 0x2a", "column 35: no address"],
    ["  8  1:  3 read         8 byte(s) @ 0xzz by PC 0x2a", "column 39: no address"],
    ["  8  1:  3 reads        8 byte(s) @ 0x1000", "column 12: not a line of a trace"],
    ["Segmentation fault", "column 1: not a line of a trace"],
    ["  8  1", "column 7: not a line of a trace"],
  ];
  for (const [line, what] of bad) {
    it(`names what does not parse: ${line}`, async () => {
      const path = fileWith("bad.txt", `  7  1:  3 read         8 byte(s) @ 0x1000 by PC 0x2a\n${line}\n`);
      const { count, message } = await readBad(path);
      expect(count).toBe(1);
      expect(message).toContain(`${path}:2: ${what}`);
    });
  }

  it("that ends inside a line yields what is before", async () => {
    const text = readFileSync(fixture("made-up.view4.txt"), "latin1");
    const { records, end } = await readAll(fileWith("cut.txt", text.slice(0, text.indexOf("40361a") + 3)));
    expect(records.length).toBe(4);
    expect(end.cut).toEqual({ line: 12, what: "the last line is not whole" });
  });
});
