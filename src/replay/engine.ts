/**
 * One simulation: an instance of the engine with a geometry, page sizes and CPUs; fed with records, asked for counts.
 */
import { Count, Fault } from "../../assembly/abi/replay.js";
import { openReplay, type ReplayCore, type ReplayModule } from "../core/replay.js";
import { checkGeometry, defaultWalkCaches, policies, setsOf, structureNames, type TlbGeometry } from "./geometry.js";

export type PageSize = "4k" | "2m" | "1g";

/** Addresses [start, end) in bytes, and the size of their pages. */
export interface PageRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly size: PageSize;
}

export interface EngineConfig {
  readonly geometry: TlbGeometry;
  /** The size of all pages; of what `ranges` does not name, when there are some; "thp" needs a first pass. */
  readonly pages: PageSize | "thp";
  readonly ranges?: readonly PageRange[];
  /** How many CPUs the trace may switch between, at most; each is made when it is first used. */
  readonly cpus?: number;
  /** Instruction fetches too; through an L1 of their own if the geometry has one. */
  readonly fetch?: boolean;
  /** Only fetches, as if they were data. */
  readonly fetchOnly?: boolean;
  /** A straddling access is a reference to its first page only. */
  readonly firstByteOnly?: boolean;
  /** Levels of the page tables: 4 or 5. */
  readonly levels?: 4 | 5;
  /** Sweeps all LRU geometries of these sizes instead of simulating the one. */
  readonly sweep?: readonly PageSize[];
  /** Makes the miss curves of these sizes instead: fully associative LRU TLBs of every number of entries. */
  readonly curve?: readonly PageSize[];
  readonly module?: ReplayModule;
}

export const pageSizes: readonly PageSize[] = ["4k", "2m", "1g"];
const MIXED = 3;
const CPUS_MAX = 4096;
const DATA = 0b1110;
/** A 2 MiB region with this many touched base pages is one huge page under "thp". */
export const THP_PAGES = 64;
/** A sweep has 1, 2, 4, .. 2048 sets and 1 to 16 ways. */
export const SWEEP_SET_COUNTS = 12;
export const SWEEP_WAYS = 16;

export interface Counts {
  readonly accesses: number;
  readonly references: number;
  readonly fetchReferences: number;
  readonly l1Misses: number;
  readonly fetchMisses: number;
  readonly l2Misses: number;
  /** By page size. */
  readonly walks: readonly [number, number, number];
  readonly walkReferences: number;
  /** What the walks would have read without paging-structure caches. */
  readonly walkReferencesUncached: number;
  readonly flushes: number;
  readonly invalidations: number;
  readonly removed: number;
}

export class Engine {
  readonly core: ReplayCore;
  readonly config: EngineConfig;

  constructor(config: EngineConfig) {
    checkGeometry(config.geometry);
    this.config = config;
    this.core = openReplay(config.module);
    const { call } = this.core;
    call.setLevels(config.levels ?? 4);
    this.#writeGeometry();
    const types = config.fetchOnly ? 1 : config.fetch ? DATA | 1 : DATA;
    call.setWanted(types, config.firstByteOnly ? 1 : 0);
    call.makeCpus(config.cpus ?? CPUS_MAX);
    this.#choosePages();
    const swept = config.sweep ?? config.curve ?? [];
    const mask = swept.reduce((sum, size) => sum | (1 << pageSizes.indexOf(size)), 0);
    call.setSweeping(mask, config.curve === undefined ? 0 : 1);
    call.rewind();
  }

  #writeGeometry(): void {
    const { geometry } = this.config;
    const { call } = this.core;
    const structures = { ...defaultWalkCaches, ...geometry.structures };
    for (const [name, { entries, ways }] of Object.entries(structures)) {
      const which = structureNames[name] as number;
      // A structure that is not there is one set without ways; one that is not named keeps 0 sets: it shares.
      call.setStructure(which, entries === 0 ? 1 : entries / ways, ways, policies[geometry.policy]);
    }
    call.setCongruence(this.#congruence());
  }

  /** Index bits that lie above a region's own 20, 11 and 2 bits of page number. */
  #congruence(): number {
    if (this.config.sweep?.includes("1g")) return 9;
    const own = [20, 11, 2];
    const bits = own.map((within, size) => {
      const suffix = ["", "-2m", "-1g"].slice(0, size + 1);
      const sets = ["l1", "l1i", "l2"].map((level) =>
        Math.max(0, ...suffix.map((s) => setsOf(this.config.geometry, level + s))),
      );
      return Math.log2(Math.max(1, ...sets)) - within;
    });
    const used =
      this.config.pages === "thp" || this.config.ranges ? bits : [bits[pageSizes.indexOf(this.config.pages)] ?? 0];
    return Math.max(0, Math.ceil(Math.max(...used)));
  }

  #choosePages(): void {
    const { pages, ranges, fetch, geometry } = this.config;
    const { call } = this.core;
    const split = fetch && geometry.structures.l1i !== undefined ? 1 : 0;
    const size = pages === "thp" ? 0 : pageSizes.indexOf(pages);
    for (const range of ranges ?? []) {
      const added = call.addRange(range.start >> 12n, (range.end - 1n) >> 12n, pageSizes.indexOf(range.size));
      if (added === 0) throw new RangeError("there are too many ranges of pages: at most 65536");
    }
    call.choosePages(pages === "thp" || ranges !== undefined ? MIXED : size, size, split);
    if (pages === "thp") {
      call.startTouching();
      call.setTouching(1);
    }
  }

  /** One more than the highest CPU that the trace has used. */
  get cpus(): number {
    return this.core.call.cpusUsed.value;
  }

  /** Copies records into the engine's memory and replays them. */
  feed(records: BigUint64Array): void {
    const base = this.#room(records.byteLength);
    this.core.bytes().set(new Uint8Array(records.buffer, records.byteOffset, records.byteLength), base);
    this.replay(base, records.length);
  }

  /** Replays records that lie in the engine's memory. */
  replay(base: number, count: number): void {
    try {
      this.core.call.replay(base, count);
    } catch (error) {
      // A trap, when the memory is used up: the fault says so better.
      this.check();
      throw error;
    }
    this.check();
  }

  #roomAt = 0;
  #roomBytes = 0;

  #room(bytes: number): number {
    if (bytes > this.#roomBytes) {
      this.#roomBytes = bytes;
      this.#roomAt = this.core.call.allocate(bytes + 64) >>> 0;
    }
    return this.#roomAt;
  }

  /** Ends the first pass of "thp"; the same records come again. */
  endFirstPass(): void {
    this.core.call.finishTouching(THP_PAGES);
    this.core.call.setTouching(0);
    this.core.call.rewind();
  }

  finish(): void {
    this.core.call.finish();
    this.check();
  }

  /** Throws a RangeError when the trace is more than the engine can hold. */
  check(): void {
    const fault: number = this.core.call.fault.value;
    if (fault === Fault.NONE) return;
    const texts: Record<number, string> = {
      [Fault.REGIONS]: "the trace touches more than 4094 regions of 4 GiB",
      [Fault.ASID]: "the trace has an ASID above 65535",
      [Fault.CPU]: `the trace switches to a CPU that does not exist: at most ${this.config.cpus ?? CPUS_MAX}`,
      [Fault.MEMORY]: "the simulation does not fit into 4 GiB",
    };
    throw new RangeError(texts[fault] ?? `fault ${fault}`);
  }

  /** Counts of one CPU, or of all. */
  counts(cpu?: number): Counts {
    const cpus = cpu === undefined ? [...Array(this.cpus).keys()] : [cpu];
    const sum = (which: number): number => cpus.reduce((total, c) => total + this.core.call.countOf(c, which), 0);
    const walks = [sum(Count.WALKS), sum(Count.WALKS + 1), sum(Count.WALKS + 2)] as const;
    const levels = this.config.levels ?? 4;
    return {
      accesses: sum(Count.ACCESSES),
      references: sum(Count.REFERENCES),
      fetchReferences: sum(Count.FETCH_REFERENCES),
      l1Misses: sum(Count.L1_MISSES),
      fetchMisses: sum(Count.FETCH_MISSES),
      l2Misses: sum(Count.L2_MISSES),
      walks,
      walkReferences: sum(Count.WALK_LOADS),
      walkReferencesUncached: walks.reduce((total, count, size) => total + count * (levels - size), 0),
      flushes: sum(Count.FLUSHES),
      invalidations: sum(Count.INVALIDATIONS),
      removed: sum(Count.REMOVED),
    };
  }

  /** References of a sweep at a page size: larger pages have fewer straddling accesses. */
  sweepReferences(size: PageSize, cpu: number): number {
    const count = (which: number): number => this.core.call.countOf(cpu, which);
    if (size === "4k") return count(Count.REFERENCES);
    return count(Count.ACCESSES) + count(size === "2m" ? Count.CROSS_HUGE : Count.CROSS_GIANT);
  }

  /** Misses of every LRU geometry of a page size: [log2 of sets][ways - 1]. */
  sweepMisses(size: PageSize, cpu = 0): number[][] {
    const hits = (bits: number, position: number): number =>
      this.core.call.sweepHits(cpu, pageSizes.indexOf(size), bits, position);
    return Array.from({ length: SWEEP_SET_COUNTS }, (_, bits) => {
      const misses: number[] = [];
      let sum = 0;
      for (let ways = SWEEP_WAYS; ways > 0; ways--) {
        sum += hits(bits, ways);
        misses.unshift(sum);
      }
      return misses;
    });
  }

  /** Misses of fully associative LRU TLBs of a page size: [entries - 1], up to the one with cold misses only. */
  curveMisses(size: PageSize, cpu = 0): number[] {
    const { call } = this.core;
    const which = pageSizes.indexOf(size);
    const misses: number[] = [];
    let sum = call.curveCold(cpu, which);
    for (let entries = call.curveDistances(cpu, which); entries > 0; entries--) {
      misses.push(sum);
      // Distance 0 is a repeat, which hits everywhere.
      if (entries > 1) sum += call.curveHits(cpu, which, entries - 1);
    }
    misses.reverse();
    const end = misses.indexOf(call.curveCold(cpu, which));
    return misses.slice(0, end + 1);
  }

  /** Tables that the walks made, roots included. */
  get tables(): number {
    return this.core.call.tableCount.value;
  }
}
