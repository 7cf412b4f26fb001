import { count, endsOf, loadedOn, NAMES, type Size, sizes } from "./races.js";
import type { Scenario, Values } from "./scenario.js";
import { LEVEL, mapFile, touch } from "./words.js";

function make(values: Values): Scenario {
  const size: Size = { cpus: Number(values.cpus), mms: Number(values.mms), files: Number(values.files) };
  const cpus = loadedOn(size);
  const files = count(size.files, (file) => file);
  return {
    name: "seed",
    aliases: ["CVE-2021-4002"],
    title: "unshare without flush: munmap against the last sharer",
    bug: "B1",
    cve: ["CVE-2021-4002"],
    commits: ["24669e58477e", "a4a118f2eead"],
    kernels: "3.6 to 5.16-rc2; stable 5.15.5",
    vulnerable: "5.19~a4a118f2eead",
    fixed: "5.19",
    alsoFinds: [LEVEL],
    known: "both ends of the change read in source [S: 2466, a4a1]; the races follow from the commit's own text.",
    story:
      "A and B share the PMD table of a hugetlbfs mapping; another thread of A runs on CPU1. A unmaps: its PUD " +
      "entry is cleared and a reference dropped, and nothing records that CPU1 must flush. i_mmap_rwsem is " +
      "released. B, now the only user of the table, truncates the file or exits, flushes its own CPUs, and the " +
      "pages and the table are freed. CPU1 goes on using them.",
    geometry: "tiny",
    mms: NAMES.slice(0, size.mms),
    cpus,
    files: files.map(() => 2),
    ...(size.files === 1 ? {} : { machine: { hugeFrames: 2 * size.files + 2 } }),
    setup: count(size.mms, (mm) => ({
      cpu: cpus.indexOf(NAMES[mm] as string),
      mm: NAMES[mm] as string,
      calls: files.flatMap((file) => [
        mapFile(1 + file, 1, file),
        touch(1 + file, 0),
        ...(mm === 0 ? [touch(1 + file, 1)] : []),
      ]),
    })),
    cases: endsOf(size, cpus),
    always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
    sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED", "TABLE_FREED"],
    parameters: sizes,
    values,
    make,
  };
}

export const seed: Scenario = make(Object.fromEntries(sizes.map((p) => [p.name, p.default])));
