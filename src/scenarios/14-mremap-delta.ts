import type { Scenario } from "./scenario.js";
import { at, HUGETLB_SHARED, READ_WRITE, touch } from "./words.js";

const shared = { file: 1, offset: 0, flags: HUGETLB_SHARED, prot: READ_WRITE };

export const mremapDelta: Scenario = {
  name: "mremap-delta",
  aliases: ["mremap-wrong-address"],
  title: "mremap of huge pages loses the distance between old and new",
  bug: "B32(a)",
  commits: ["e95a9851787b"],
  kernels: "6.0 to 7.1; stable 6.1.191, 6.12.112",
  vulnerable: "7.1",
  fixed: "7.2",
  editions: ["5.19", "6.1", "7.1", "7.2"],
  known:
    "both forms read in source [S: 7.0rc6, 6.1.192]; the commit of the repair is not known here, 7.2 stands for it.",
  story:
    "A moves huge pages to an address that lies elsewhere in its GiB than the old one did. Where the old range " +
    "has no table, or left a shared one, each address is put on the last huge page of its own GiB, " +
    "and from there on they are no longer as far apart as the call said: what follows goes to the wrong address.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A"],
  files: [4],
  setup: [
    {
      cpu: 0,
      mm: "A",
      calls: [{ call: "mmap", args: { start: at(1), end: at(2, 1), ...shared } }, touch(2, 0)],
    },
  ],
  cases: [
    {
      name: "mremap",
      tasks: [
        {
          name: "A1",
          cpu: 0,
          mm: "A",
          calls: [{ call: "mremap", args: { start: at(1), end: at(2, 1), to: at(2, 1) } }],
        },
      ],
    },
  ],
  always: ["MOVED_WRONG"],
  sometimes: ["MOVED"],
};
