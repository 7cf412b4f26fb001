/**
 * The slow, obvious second oracle: TLBs that hold everything that hardware could hold, in plain Maps.
 *
 * Protocol
 *   `follow` is called after every step with that step's trace events. Invalidations take entries out; then every CPU
 *   that has an mm loaded walks all of it, lazy or not, from the root and from every pointer that it still has cached,
 *   and keeps what it finds. An entry whose frame has been freed since it was filled is stale.
 *
 * Written from the manuals and the design (machine.md 1, kernel.md 4), not from assembly/ghost: it knows no
 * obligations, no holders and no guards. What it shares with the core is the meaning of the tables' words.
 *
 *   x86       INVLPG            the leaf of the address, every pointer of the PCID            (SDM vol. 3A, 4.10.4.1)
 *             context           everything of the PCID
 *   x86-pti   INVPCID           the leaf of the address and the pointers on the path to it    (SDM vol. 3A, 4.10.4.1)
 *   x86-tce   INVLPG            the same: EFER.TCE                                            (AMD APM vol. 2, 5.5.2)
 *   invlpgb   INVLPGB           the same, as a broadcast that ends with the issuer's TLBSYNC
 *   riscv     SFENCE.VMA        the leaf of the address; with no address everything of the ASID
 *   arm64     VALE1IS           leaves of the range                                          (Arm ARM, D8, TLBI)
 *   precise   VAE1IS            and the pointers on the path to it
 *             ASIDE1IS          everything of the ASID
 *             TTL hint          leaves of that level only, and pointers above it
 *   A broadcast acts on another CPU at some moment between its TLBI and the DSB of the CPU that issued it. What could
 *   be filled again after the earliest such moment may still be there after the DSB.
 */
import { EventKind } from "../../assembly/abi/events.js";
import { Base, Event, Run } from "../../assembly/abi/layout.js";
import { Machine as MachineKind, Scope } from "../../assembly/abi/operands.js";
import { Cpu, Entry, Frame, Mm } from "../../assembly/abi/records.js";
import { Task } from "../../assembly/abi/tasks.js";
import type { Machine } from "../../src/machine.js";

/** One thing that a CPU has cached for an mm. */
export interface Held {
  readonly isPointer: boolean;
  readonly start: number;
  readonly level: number;
  readonly frame: number;
  readonly generation: number;
  readonly isWritable: boolean;
  /** Survives what drops a context. */
  readonly isGlobal: boolean;
  /** Filled, when last possible, only through pointers that the tables no longer have. */
  viaStale: boolean;
  /** CPUs whose broadcast covers it and has not been waited for. */
  marks: Set<number>;
}

interface Broadcast {
  readonly mm: number;
  readonly from: number;
  readonly to: number;
  readonly scope: "leaf" | "path" | "context";
  /** Level of the TTL hint, or -1. */
  readonly ttl: number;
}

type Cache = Map<string, Held>;

const ALL_CPUS = 0xff;
const INTERRUPTED = new Set([MachineKind.X86, MachineKind.X86_PTI, MachineKind.X86_TCE, MachineKind.RISCV]);

export class Saturated {
  readonly caches: Cache[][];
  readonly #broadcasts = new Map<number, Broadcast>();
  readonly #spans: number[];
  #seen: Uint32Array = new Uint32Array(0);
  #loadedSeen = "";

  constructor(readonly machine: Machine) {
    const { cpus, mms } = machine.config;
    this.caches = Array.from({ length: cpus }, () => Array.from({ length: mms }, () => new Map<string, Held>()));
    let span = 1;
    this.#spans = [1, ...machine.geometry.bits.map((bits) => (span *= 2 ** bits))];
    this.#saturate();
  }

  /** Takes in one step: its invalidations in order, then everything that could be filled in the state that it left. */
  follow(): void {
    const { machine } = this;
    const base = machine.base(Base.EVENT);
    let isCalled = false;
    for (let i = 0; i < machine.run(Run.EVENTS); i++) isCalled = this.#event(base + i * Event.WORDS) || isCalled;
    if (this.#hasChanged() || isCalled) this.#saturate();
  }

  /** CPUs that run an mm now and hold something of it whose frame has been freed since. */
  staleUsers(): number {
    let users = 0;
    this.caches.forEach((_, cpu) => {
      const mm = this.#loaded(cpu);
      if (mm < 0) return;
      const isLazy = this.machine.get(this.machine.cpu(cpu) + Cpu.LAZY) !== 0;
      for (const held of this.#cache(cpu, mm).values()) {
        // A lazy CPU makes no access of its own, but it walks speculatively.
        if (isLazy && !held.isPointer && !held.viaStale) continue;
        if (this.#generation(held.frame) !== held.generation) users |= 1 << cpu;
      }
    });
    return users;
  }

  /** What `cpu` holds of `mm` that neither the tables nor what they have in a stale pointer's table give now. */
  beyondTables(cpu: number, mm: number): Held[] {
    const cache = [...this.#cache(cpu, mm).values()];
    const given = this.#present(mm);
    for (const pointer of cache)
      if (this.#isLive(pointer)) this.#below(pointer.frame, pointer.level - 1, pointer.start, given);
    const keys = new Set(given.flatMap((held) => [keyOf(held), keyOf({ ...held, isWritable: false })]));
    return cache.filter((held) => !keys.has(keyOf(held)));
  }

  /** A pointer to a table that has not been freed since. */
  #isLive(held: Held): boolean {
    return held.isPointer && this.#generation(held.frame) === held.generation;
  }

  /** Everything that the tables of `mm` give now, from the root down. */
  #present(mm: number): Held[] {
    const found: Held[] = [];
    this.#below(this.machine.get(this.machine.mm(mm) + Mm.PGD), this.#spans.length - 2, 0, found);
    for (let i = 0; i < found.length; i++) {
      const held = found[i] as Held;
      if (held.isPointer) this.#below(held.frame, held.level - 1, held.start, found);
    }
    return found;
  }

  #cache(cpu: number, mm: number): Cache {
    return (this.caches[cpu] as Cache[])[mm] as Cache;
  }

  #loaded(cpu: number): number {
    return this.machine.get(this.machine.cpu(cpu) + Cpu.LOADED_MM) - 1;
  }

  #generation(frame: number): number {
    return this.machine.get(this.machine.frame(frame) + Frame.GENERATION);
  }

  #pages(level: number): number {
    return this.#spans[level] as number;
  }

  // --- invalidation ---

  /** True when it was about an invalidation: what was dropped may be filled again at once. */
  #event(at: number): boolean {
    const { machine } = this;
    const kind = machine.get(at + Event.KIND);
    if (kind !== EventKind.INVALIDATED && kind !== EventKind.FLUSH) return false;
    const cpu = machine.get(at + Event.CPU);
    const mm = machine.get(at + Event.MM);
    const [from, to] = [machine.long(at + Event.START), machine.long(at + Event.END)];
    const extra = machine.get(at + Event.EXTRA);
    if (kind === EventKind.FLUSH) {
      if (this.#byInterrupt()) return false;
      const isPath = ((extra >>> 8) & 1) !== 0 || machine.config.backend.machine === MachineKind.X86_INVLPGB;
      const scope = extra >>> 9 !== 0 ? "context" : isPath ? "path" : "leaf";
      this.#issue(cpu, { mm, from, to, scope, ttl: machine.get(at + Event.FRAME) - 1 });
    } else if (cpu === ALL_CPUS) this.#complete(machine.get(at + Event.AGENT));
    else this.#one(cpu, mm, from, machine.get(at + Event.FRAME) === Scope.CONTEXT);
    return true;
  }

  /** Each CPU invalidates for itself; the others broadcast. */
  #byInterrupt(): boolean {
    return INTERRUPTED.has(this.machine.config.backend.machine);
  }

  /** Alder Lake: with PCIDs, INVLPG leaves what is global. */
  #invlpgFails(): boolean {
    const { errata, pcid, backend } = this.machine.config;
    const isIntel = backend.machine === MachineKind.X86 || backend.machine === MachineKind.X86_PTI;
    return isIntel && pcid !== false && errata?.includes("invlpg-global") === true;
  }

  /** A CPU's own instruction for one address, or for a whole context. */
  #one(cpu: number, mm: number, address: number, isContext: boolean): void {
    const cache = this.#cache(cpu, mm);
    const kind = this.machine.config.backend.machine;
    for (const [key, held] of cache) {
      const isAddress = held.start <= address && address < held.start + this.#pages(held.level);
      const isGone = !held.isPointer
        ? isAddress
        : kind === MachineKind.X86 || (isAddress && kind !== MachineKind.RISCV);
      if ((isContext || isGone) && !(held.isGlobal && (isContext || this.#invlpgFails()))) cache.delete(key);
    }
  }

  #isCovered(held: Held, { from, to, scope, ttl }: Broadcast): boolean {
    if (scope === "context") return !held.isGlobal;
    if (held.isPointer && scope === "leaf") return false;
    if (!(held.start < to && from < held.start + this.#pages(held.level))) return false;
    if (ttl < 0) return true;
    return held.isPointer ? held.level > ttl : held.level === ttl;
  }

  #issue(issuer: number, broadcast: Broadcast): void {
    this.#broadcasts.set(issuer, broadcast);
    for (const caches of this.caches) {
      for (const held of (caches[broadcast.mm] as Cache).values()) {
        if (this.#isCovered(held, broadcast)) held.marks.add(issuer);
      }
    }
  }

  /** The task that waited runs on the CPU that issued. */
  #complete(task: number): void {
    const issuer = this.machine.get(this.machine.task(task) + Task.CPU);
    const broadcast = this.#broadcasts.get(issuer);
    if (broadcast === undefined) return;
    this.#broadcasts.delete(issuer);
    for (const caches of this.caches) {
      const cache = caches[broadcast.mm] as Cache;
      for (const [key, held] of cache) if (held.marks.has(issuer)) cache.delete(key);
    }
  }

  // --- filling ---

  /** Tables and loaded mms: without a change there, nothing new can be filled. */
  #hasChanged(): boolean {
    const words = this.machine.core.words();
    const tables = words.subarray(this.machine.base(Base.TABLE), this.machine.base(Base.TLB));
    const loaded = this.caches.map((_, cpu) => this.#loaded(cpu));
    const isSame = tables.every((word, i) => word === this.#seen[i]) && loaded.join() === this.#loadedSeen;
    if (isSame) return false;
    this.#seen = tables.slice();
    this.#loadedSeen = loaded.join();
    return true;
  }

  #saturate(): void {
    this.caches.forEach((_, cpu) => {
      const mm = this.#loaded(cpu);
      if (mm >= 0) this.#fillAll(cpu, mm);
    });
  }

  #fillAll(cpu: number, mm: number): void {
    const cache = this.#cache(cpu, mm);
    for (const held of this.#present(mm)) this.#fill(cache, held, new Set(), false);
    // Then through everything cached, which may be stale: again and again, until nothing new comes.
    let isMore = true;
    while (isMore) {
      isMore = false;
      for (const pointer of [...cache.values()]) {
        if (!this.#isLive(pointer)) continue;
        const below: Held[] = [];
        this.#below(pointer.frame, pointer.level - 1, pointer.start, below);
        for (const held of below) isMore = this.#fill(cache, held, pointer.marks, true) || isMore;
      }
    }
  }

  /** Keeps an entry that was found through a pointer with `marks`. True when that changed anything. */
  #fill(cache: Cache, found: Held, marks: ReadonlySet<number>, viaCache: boolean): boolean {
    // Through a pointer that a broadcast may have dropped already: then what it covers too is gone with it.
    const inherited = [...marks].filter((issuer) => this.#isCovered(found, this.#broadcasts.get(issuer) as Broadcast));
    const known = cache.get(keyOf(found));
    if (known === undefined) {
      cache.set(keyOf(found), { ...found, viaStale: viaCache, marks: new Set(inherited) });
      return true;
    }
    if (!viaCache) known.viaStale = false;
    const kept = [...known.marks].filter((issuer) => inherited.includes(issuer));
    if (kept.length === known.marks.size) return false;
    known.marks = new Set(kept);
    return true;
  }

  /** Every present entry of one table. */
  #below(table: number, level: number, start: number, into: Held[]): void {
    const { machine } = this;
    if (table === 0) return;
    const first = machine.base(Base.TABLE) + (table - 1) * machine.base(Base.TABLE_WORDS);
    const count = this.#pages(level + 1) / this.#pages(level);
    for (let i = 0; i < count; i++) {
      const entry = machine.get(first + i);
      if ((entry & Entry.PRESENT) === 0) continue;
      const isPointer = (entry & Entry.LEAF) === 0;
      const frame = entry >>> Entry.SHIFT;
      into.push({
        isPointer,
        start: start + i * this.#pages(level),
        level,
        frame,
        generation: this.#generation(frame),
        isGlobal: !isPointer && (entry & Entry.GLOBAL) !== 0,
        isWritable: !isPointer && (entry & Entry.WRITE) !== 0,
        viaStale: false,
        marks: new Set(),
      });
    }
  }
}

export function keyOf(held: Held): string {
  const { isPointer, start, level, frame, generation, isWritable } = held;
  return [isPointer ? "pointer" : "leaf", level, start, frame, generation, isWritable ? "w" : "r"].join(" ");
}
