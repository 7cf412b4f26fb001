/**
 * The processes of a log: who runs where in which address space, from fork to exit.
 *
 * Protocol
 *   Events go in, in order; steps come out to the sink, in order. The same events give the same steps, so that a log
 *   can be measured first and performed afterwards.
 *
 * Rules where the log is silent
 *   Tasks are spread over the CPUs in turn, a thread never on its maker's CPU if there is another, and stay there. A
 *   CPU runs the task that called last: it switches mm before a call if it has to, and is idle when its thread ends.
 *   A process that appears without a fork has an empty address space. The kernel's own mappings (program, stack,
 *   vdso) are not in a log and not here.
 *   An address space ends when the last task leaves it: at exit_group (or exit, a signal, execve), not when strace
 *   says that the task is gone. execve runs exit_mmap first and loads the new mm then.
 */
import { VmaFlag } from "../../assembly/abi/records.js";
import type { ExitEvent, ForkEvent, ShmatEvent, ShmgetEvent, StraceEvent } from "../workload/strace/events.js";
import { Gauge, type Needs } from "./capacity.js";
import { FileCalls } from "./file-calls.js";
import { Descriptors, type HugeFile, HugeFiles } from "./files.js";
import { Memory } from "./memory.js";
import { pageOf, pagesFor } from "./pages.js";
import { Space } from "./space.js";
import type { Process, Sink, TaskState, Work } from "./steps.js";
import type { TouchPolicy } from "./touch.js";

const CLONE_FILES = 0x400;
const SHM_HUGETLB = 0o4000;
const SHM_RDONLY = 0o10000;
const MFD_HUGETLB = 4;

type EventOf<Kind> = StraceEvent extends infer Event
  ? Event extends { kind: infer Kinds }
    ? Kind extends Kinds
      ? Event
      : never
    : never
  : never;

type Handlers = { readonly [Kind in StraceEvent["kind"]]?: (task: TaskState, event: EventOf<Kind>) => void };

interface Segment {
  readonly pages: number;
  readonly file: HugeFile | undefined;
}

export class World {
  readonly processes: Process[] = [];
  /** Calls that do nothing here, by name with the reason. */
  readonly ignored = new Map<string, number>();
  readonly #sink: Sink;
  readonly #memory: Memory;
  readonly #fileCalls: FileCalls;
  readonly #files = new HugeFiles();
  readonly #gauge = new Gauge();
  readonly #tasks = new Map<number, TaskState>();
  /** Tasks that have left and of which strace has still to say that they are gone. */
  readonly #left = new Set<number>();
  readonly #segments = new Map<number, Segment>();
  /** mm that each CPU runs; -1 when it is idle. */
  readonly #running: number[];
  readonly #freeMms: number[] = [];
  readonly #handlerOf: Handlers;
  #mmsMade = 0;
  #lastCpu = -1;

  constructor(options: { source: string; touch: TouchPolicy; cpus: number; sink: Sink }) {
    const { source, touch, sink } = options;
    this.#sink = sink;
    this.#running = new Array<number>(options.cpus).fill(-1);
    const emit = this.#emit.bind(this);
    const ignore = (name: string): void => void this.ignored.set(name, (this.ignored.get(name) ?? 0) + 1);
    this.#fileCalls = new FileCalls(this.#files, sink, emit, ignore);
    this.#memory = new Memory({ source, touch, files: this.#files, fileCalls: this.#fileCalls, emit, ignore });
    this.#handlerOf = this.#handlers();
  }

  /** Most of everything so far. */
  needs(): Needs {
    return this.#gauge.needs(this.#mmsMade, this.#files);
  }

  handle(event: StraceEvent): void {
    if (this.#left.has(event.pid)) {
      // What a task that has left still has to say is how a call ended that never came back, and that it is gone.
      if (event.kind === "exited" || event.kind === "killed") this.#left.delete(event.pid);
      return;
    }
    if (event.kind === "superseded") {
      this.#supersede(event.pid, event.by);
      return;
    }
    const task = this.#tasks.get(event.pid) ?? this.#adopt(event.pid, event.line);
    if (event.kind === "execve") {
      this.#execve(task, event.line);
      return;
    }
    if (task.space.isUnborn) this.#memory.bear(task, event.line);
    const handler = this.#handlerOf[event.kind] as ((task: TaskState, event: StraceEvent) => void) | undefined;
    handler?.(task, event);
  }

  /** What each kind of event does to a task. */
  #handlers(): Handlers {
    const [memory, files] = [this.#memory, this.#fileCalls];
    return {
      mmap: (task, event) => memory.mmap(task, event),
      munmap: (task, event) => memory.unmap(task, event.line, ...rangeOf(event)),
      mprotect: (task, event) => memory.protect(task, event.line, ...rangeOf(event), event.prot),
      mremap: (task, event) => memory.mremap(task, event),
      madvise: (task, event) => memory.madvise(task, event),
      brk: (task, event) => memory.brk(task, event),
      ftruncate: (task, event) => files.ftruncate(task, event),
      fallocate: (task, event) => files.fallocate(task, event),
      fork: (task, event) => this.#fork(task, event),
      exit: (task, event) => this.#leave(task, event.line, true),
      exit_group: (task, event) => this.#exitGroup(task, event),
      exited: (task, event) => this.#leave(task, event.line, false),
      killed: (task, event) => this.#leave(task, event.line, false),
      open: (task, event) => task.descriptors.set(event.result, this.#files.named(event.path)),
      close: (task, event) => task.descriptors.set(event.fd, undefined),
      dup: (task, event) => task.descriptors.set(event.result, task.descriptors.get(event.fd)),
      memfd_create: (task, event) => task.descriptors.set(event.result, this.#memfd(event.flags)),
      shmget: (_, event) => this.#shmget(event),
      shmat: (task, event) => this.#attach(task, event),
      shmdt: (task, event) => memory.detach(task, event.line, pageOf(event.address)),
      shmctl: (task, event) => this.#removeSegment(task, event.line, event.id),
    };
  }

  // --- tasks ---

  #adopt(pid: number, line: number): TaskState {
    const space = this.#newSpace();
    return this.#addTask(pid, this.#newProcess(pid, line), space, new Descriptors(), this.#nextCpu(undefined));
  }

  #addTask(pid: number, process: Process, space: Space, descriptors: Descriptors, cpu: number): TaskState {
    const task: TaskState = { pid, process, cpu, space, descriptors };
    space.users++;
    this.#tasks.set(pid, task);
    return task;
  }

  #newProcess(pid: number, line: number): Process {
    const process = { index: this.processes.length, pid, line };
    this.processes.push(process);
    return process;
  }

  #newSpace(): Space {
    return new Space(this.#freeMms.pop() ?? this.#mmsMade++);
  }

  #nextCpu(maker: number | undefined): number {
    const count = this.#running.length;
    this.#lastCpu = (this.#lastCpu + 1) % count;
    if (this.#lastCpu === maker) this.#lastCpu = (this.#lastCpu + 1) % count;
    return this.#lastCpu;
  }

  #fork(parent: TaskState, event: ForkEvent): void {
    const { child, line } = event;
    const stale = this.#tasks.get(child);
    if (stale !== undefined) this.#leave(stale, line, false);
    this.#left.delete(child);
    const process = event.isThread ? parent.process : this.#newProcess(child, line);
    const descriptors = (event.flags & CLONE_FILES) !== 0 ? parent.descriptors : parent.descriptors.copy();
    const cpu = this.#nextCpu(parent.cpu);
    if (event.sharesMemory) {
      this.#emit(this.#addTask(child, process, parent.space, descriptors, cpu), line, []);
      return;
    }
    const space = this.#newSpace();
    this.#addTask(child, process, space, descriptors, cpu);
    const work = this.#memory.inherit(parent.space, space);
    space.isUnborn = true;
    this.#gauge.see(space);
    // dup_mmap runs in the parent: its CPU keeps its own mm loaded.
    if (work.length > 0) this.#sink.run({ line, process, cpu: parent.cpu, mm: space.mm, work });
  }

  /** Thread `by` has called execve and takes the number of the first thread of its group, which is gone. */
  #supersede(pid: number, by: number): void {
    const task = this.#tasks.get(by);
    const first = this.#tasks.get(pid);
    this.#left.delete(pid);
    if (task === undefined) return;
    if (first !== undefined) first.space.users--;
    this.#tasks.delete(by);
    task.pid = pid;
    this.#tasks.set(pid, task);
  }

  #execve(task: TaskState, line: number): void {
    this.#leaveOthers(task, line);
    const old = task.space;
    old.users--;
    if (old.users === 0) this.#endSpace(task, line, old);
    task.space = this.#newSpace();
    task.space.users++;
    this.#gauge.see(task.space);
    this.#emit(task, line, []);
  }

  #exitGroup(task: TaskState, event: ExitEvent): void {
    this.#leaveOthers(task, event.line);
    this.#leave(task, event.line, true);
  }

  /** The other threads of the process are killed. */
  #leaveOthers(task: TaskState, line: number): void {
    for (const other of [...this.#tasks.values()]) {
      if (other.process === task.process && other !== task) this.#leave(other, line, true);
    }
  }

  /** A task leaves its address space; `isAnnounced` when strace has still to say that it is gone. */
  #leave(task: TaskState, line: number, isAnnounced: boolean): void {
    const { space, cpu } = task;
    this.#tasks.delete(task.pid);
    if (isAnnounced) this.#left.add(task.pid);
    space.users--;
    if (space.users === 0) this.#endSpace(task, line, space);
    if (this.#running[cpu] !== space.mm) return;
    for (const other of this.#tasks.values()) if (other.space === space && other.cpu === cpu) return;
    this.#sink.run({ line, process: task.process, cpu, mm: space.mm, work: [{ call: "idle" }] });
    this.#running[cpu] = -1;
  }

  #endSpace(task: TaskState, line: number, space: Space): void {
    this.#memory.end(task, line, space);
    this.#gauge.gone(space);
    this.#sink.retire(space.mm);
    this.#freeMms.push(space.mm);
    this.#running.forEach((mm, cpu) => {
      if (mm === space.mm) this.#running[cpu] = -1;
    });
  }

  /** Performs work as a task: its CPU loads its mm first if it runs another. */
  #emit(task: TaskState, line: number, work: readonly Work[]): void {
    const { space, cpu, process } = task;
    this.#gauge.see(space);
    const isLoaded = this.#running[cpu] === space.mm;
    const whole = isLoaded ? work : [{ call: "switch", args: { mm: space.mm } }, ...work];
    this.#running[cpu] = space.mm;
    if (whole.length > 0) this.#sink.run({ line, process, cpu, mm: space.mm, work: whole });
  }

  // --- descriptors and segments ---

  #memfd(flags: number): HugeFile | undefined {
    return (flags & MFD_HUGETLB) === 0 ? undefined : this.#files.make(true);
  }

  #shmget({ id, size, flags }: ShmgetEvent): void {
    if (this.#segments.has(id)) return;
    const file = (flags & SHM_HUGETLB) === 0 ? undefined : this.#files.make(true);
    this.#segments.set(id, { pages: pagesFor(size), file });
  }

  #attach(task: TaskState, { line, id, result, flags }: ShmatEvent): void {
    const segment = this.#segments.get(id);
    const prot = (flags & SHM_RDONLY) === 0 ? VmaFlag.READ | VmaFlag.WRITE : VmaFlag.READ;
    // A segment that was made before the log began: its size is not known.
    this.#memory.attach(task, line, pageOf(result), segment?.pages ?? 1, segment?.file, prot);
  }

  #removeSegment(task: TaskState, line: number, id: number): void {
    const file = this.#segments.get(id)?.file;
    this.#segments.delete(id);
    if (file === undefined) return;
    file.kept = false;
    this.#fileCalls.evict(task, line, file);
  }
}

function rangeOf({ address, length }: { address: number; length: number }): [number, number] {
  const start = pageOf(address);
  return [start, start + pagesFor(length)];
}
