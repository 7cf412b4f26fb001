/**
 * A scenario: who runs what, from which set-up, and what must never and must sometimes happen.
 *
 * The words for its steps are in words.ts.
 */

import type { Edition } from "../kernel/editions.js";
import type { Call } from "../kernel/listing.js";

export interface CallStep {
  /** Name of one of `calls`, or a call of your own. */
  readonly call: string | Call;
  readonly args: Readonly<Record<string, number>>;
}

export interface TaskSpec {
  readonly name: string;
  readonly cpu: number;
  /** Name of the mm it runs in. */
  readonly mm: string;
  readonly calls: readonly CallStep[];
}

/** One way of running the scenario: the tasks that race. */
export interface Case {
  readonly name: string;
  /** First edition that has the path. */
  readonly since?: string;
  readonly tasks: readonly TaskSpec[];
}

export interface Setup {
  readonly cpu: number;
  readonly mm: string;
  readonly calls: readonly CallStep[];
}

/** Something about a scenario that `--set` can change: a whole number in a range, or one of some words. */
export interface Parameter {
  readonly name: string;
  readonly title: string;
  readonly default: number | string;
  readonly least?: number;
  readonly most?: number;
  readonly words?: readonly string[];
}

export type Values = Readonly<Record<string, number | string>>;

/** Where a scenario's own words lie on its machine: word indices, as the records of assembly/abi name them. */
export interface Places {
  task(index: number): number;
  cpu(index: number): number;
  frame(index: number): number;
  file(index: number): number;
  /** Entry `index` of the table that is frame `table`. */
  entry(table: number, index: number): number;
  /** The TLB slot of a CPU, in the order of hw/unlimited.ts. */
  slot(cpu: number, index: number): number;
  get(word: number): number;
  /** Number of the visible op at a program counter, counted from the start of its listing. */
  visibleRank(pc: number): number;
}

/** A state as a number of another model of the same thing: the words that it needs, and what they are there. */
export interface Projection {
  readonly words: readonly number[];
  /** Writes the number's low and high word. */
  pack(values: (index: number) => number, packed: Uint32Array): void;
}

/** What the machine of a scenario has beyond the defaults. */
export interface ScenarioMachine {
  readonly tableFrames?: number;
  readonly baseFrames?: number;
  readonly hugeFrames?: number;
  readonly vmas?: number;
  readonly reuse?: "immediate" | "fifo" | "never" | "by-agent";
  readonly pcid?: boolean;
  /** False: judged by concrete TLBs alone, in every search. */
  readonly oracle?: boolean;
  readonly unlimited?: { readonly leaves: readonly number[]; readonly pointers: readonly number[] };
}

/** What the fixed edition still shows, and which bug it is: another entry of the catalogue, or "open". */
export interface AlsoFinds {
  readonly bug: string;
  readonly kinds: readonly string[];
  /** Edition in which this scenario no longer shows it: that the explanation is right is tested. */
  readonly goneIn?: string;
}

/** Capacities of the machine, as in MachineConfig. */
export interface Room {
  readonly filePages: number;
  readonly vmas: number;
  readonly tableFrames: number;
  readonly baseFrames: number;
  readonly hugeFrames: number;
  readonly obligations: number;
}

/**
 * A scenario of the catalogue has a pair of editions, `vulnerable` and `fixed`, which differ by the published fix and
 * by nothing else ("5.16~a4a118f2eead" and "5.16"). On which machines the bug shows and on which it hides is computed.
 */
export interface Scenario {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly title: string;
  /** Number in the catalogue, with its part: "B1", "B3(i)"; "open" when no fix is known. */
  readonly bug: string;
  readonly cve?: readonly string[];
  readonly commits: readonly string[];
  /** Kernels that have the bug. */
  readonly kernels?: string;
  readonly vulnerable?: string;
  readonly fixed?: string;
  readonly alsoFinds?: readonly AlsoFinds[];
  /** Fixes of other bugs that programs which show this one show too, when nobody holds a task back. */
  readonly neighbours?: readonly string[];
  /** How each step is known, with the tags of ARCHITECTURE.md. */
  readonly known?: string;
  /** The editions that `all` means for it; every listed release by default. */
  readonly editions?: readonly string[];
  /** Editions that it brings with it: what-ifs of its own listings. They are what is checked by default. */
  readonly ownEditions?: readonly Edition[];
  /** What goes wrong, in one paragraph. */
  readonly story: string;
  readonly geometry: string;
  readonly mms: readonly string[];
  /** mm that each CPU has loaded when the race begins; null is an idle CPU. */
  readonly cpus: readonly (string | null)[];
  /** Sizes of the hugetlbfs files, in huge pages. */
  readonly files: readonly number[];
  /** What the hardware does wrong. */
  readonly errata?: readonly ("invlpg-global" | "dsb-early")[];
  /** Files of ordinary pages, which follow them: sizes, in base pages or in folios as large as a huge page. */
  readonly pageFiles?: readonly { readonly pages: number; readonly large?: boolean }[];
  /** Pages that a gather holds before it must flush and free (default 8). */
  readonly batch?: number;
  readonly setup: readonly Setup[];
  /** Room for what the tasks make, when the usual is too small. Programs have it; their set-ups may end in signals. */
  readonly room?: Room;
  readonly cases: readonly Case[];
  /** Violations that must never happen in an edition that is right. */
  readonly always: readonly string[];
  /** What at least one schedule must do, or the scenario shows nothing. */
  readonly sometimes: readonly string[];
  readonly machine?: ScenarioMachine;
  /** Its listings are the same in every edition and on every back-end: it runs once. */
  readonly runsAs?: { readonly edition: string; readonly backend: string };
  /** What `--set` can change, the values that this one has, and how one with other values is made. */
  readonly parameters?: readonly Parameter[];
  readonly values?: Values;
  readonly make?: (values: Values) => Scenario;
  /** Its states as those of another model, to compare sets of states. Undefined when they do not fit. */
  readonly project?: (places: Places) => Projection | undefined;
}
