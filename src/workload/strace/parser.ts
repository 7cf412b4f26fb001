/**
 * The lines of an strace log to events.
 *
 * Protocol
 *   push() takes the next lines and returns the events that they complete; end() returns what was held back and
 *   checks that
 *   nothing is missing. Both throw InputError with the line.
 *
 * Invariants
 *   P1  Every line is understood, is a message of strace itself, or is an error: none is dropped silently.
 *   P2  Memory is bounded by the number of tasks, not by the length of the log.
 *   P3  The common line makes one object, its event, and no string.
 */
import { excerpt, InputError } from "../../error.js";
import type { LineChunk } from "../stream.js";
import { type Call, callOf, followedCalls, type Head } from "./calls.js";
import type { StraceEvent } from "./events.js";
import { foreignKind, RECORD } from "./foreign.js";
import { Lineage } from "./lineage.js";
import { Prefix } from "./prefix.js";
import { Scanner } from "./scanner.js";
import { type Pending, Tasks } from "./tasks.js";
import { BadLine, Char, isAt, textOf } from "./text.js";
import { HASH_START, nextHash, Words } from "./words.js";

const UNFINISHED = "<unfinished ...>";
const ATTACHED = /strace: Process \d+ attached$/;
/** Other formats are looked for in so many first lines. */
const SNIFF_LINES = 10;
const LOWER_D = 100;
const LOWER_S = 115;
const UPPER_P = 80;

export class StraceParser {
  /** Lines taken so far. */
  lines = 0;
  readonly #source: string;
  readonly #prefix = new Prefix();
  readonly #scan = new Scanner();
  readonly #tasks = new Tasks();
  readonly #lineage = new Lineage();
  readonly #calls: Call[] = [];
  readonly #callWords = new Words<Call>();
  /** Of the line that is being read; events copy it. */
  readonly #head: { pid: number; line: number; time: number | undefined } = { pid: 0, line: 0, time: undefined };
  #out: StraceEvent[] = [];
  #isRecognised = false;
  /** The start of a line that strace broke with its own message. */
  #broken: Uint8Array | undefined;

  /** `source` names the log in errors. */
  constructor(source: string) {
    this.#source = source;
    for (const call of followedCalls()) this.#learn(call);
  }

  /** Calls that yielded no event, counted by name. */
  get ignored(): ReadonlyMap<string, number> {
    return new Map(this.#calls.filter((call) => call.ignored > 0).map((call) => [call.name, call.ignored]));
  }

  push({ bytes, ends, count, firstLine, complete }: LineChunk): StraceEvent[] {
    let start = 0;
    for (let index = 0; index < count; index++) {
      const newline = ends[index] as number;
      const end = newline > start && bytes[newline - 1] === Char.RETURN ? newline - 1 : newline;
      const line = firstLine + index;
      try {
        if (line <= SNIFF_LINES && foreignKind(textOf(bytes, start, end)) !== undefined) throw new BadLine("foreign");
        this.#line(bytes, start, end, line);
      } catch (error) {
        if (!(error instanceof BadLine)) throw error;
        throw this.#refuse(error, textOf(bytes, start, end), line, complete || index < count - 1);
      }
      start = newline + 1;
    }
    this.lines = firstLine + count - 1;
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** To be called once, after the last line. */
  end(): StraceEvent[] {
    if (this.#broken !== undefined) throw this.#cut(this.lines);
    if (!this.#isRecognised) {
      const what = "not an strace log: it has no line with a system call";
      throw new InputError(what, { source: this.#source, remedy: RECORD });
    }
    const open = this.#tasks.neverResumed();
    if (open !== undefined) {
      const [pid, { call, line }] = open;
      const what = `the log is cut: ${call.name} of process ${pid} in line ${line} was never resumed`;
      const remedy = "record it again, and let the program end before strace does";
      throw new InputError(what, { source: this.#source, line, remedy });
    }
    this.#lineage.settle(0, this.#out);
    return this.#out;
  }

  #line(bytes: Uint8Array, start: number, end: number, line: number): void {
    if (this.#broken !== undefined) {
      const whole = Buffer.concat([this.#broken, bytes.subarray(start, end), NEWLINE_BYTES]);
      this.#broken = undefined;
      this.#line(whole, 0, whole.length - 1, line);
      return;
    }
    if (start === end || this.#isMessage(bytes, start, end)) return;
    const prefix = this.#prefix;
    prefix.read(bytes, start, end);
    const { at } = prefix;
    const code = bytes[at];
    const head = this.#head;
    head.pid = this.#tasks.resolve(prefix.pid, this.#lineage.known, code === Char.LESS);
    head.line = line;
    head.time = prefix.time;
    if (code === Char.LESS) this.#resumed(bytes, at, end, head);
    else if (code === Char.PLUS) this.#exited(textOf(bytes, at, end), head);
    else if (code === Char.MINUS) refuseUnless(/^--- .* ---$/.test(textOf(bytes, at, end)), "no signal");
    else if (code === Char.BRACKET_OPEN) refuseUnless(isAt(bytes, at, "[ Process PID="), "no call");
    else this.#call(bytes, at, end, head);
    this.#isRecognised = true;
  }

  /** True for what strace says about itself; keeps the call that such a message was printed into. */
  #isMessage(bytes: Uint8Array, start: number, end: number): boolean {
    const first = bytes[start];
    if (first === LOWER_S && isAt(bytes, start, "strace: ")) return true;
    if (first === Char.SPACE && isAt(bytes, start, " > ")) return true;
    if (first === UPPER_P && /^Process \d+ (at|de)tached/.test(textOf(bytes, start, end))) return true;
    if (bytes[end - 1] !== LOWER_D) return false;
    const message = ATTACHED.exec(textOf(bytes, start, end));
    if (message === null) return false;
    this.#broken = Buffer.from(bytes.subarray(start, start + message.index));
    return true;
  }

  #call(bytes: Uint8Array, at: number, end: number, head: Head): void {
    const call = this.#callAt(bytes, at, end, Char.OPEN);
    const open = this.#nameEnd;
    const { pending } = this.#tasks;
    const earlier = pending.size === 0 ? undefined : pending.get(head.pid);
    if (earlier !== undefined) throw this.#tasks.missing(head.pid, earlier, call.name);
    const mayBegin = bytes[end - 1] === Char.GREATER && bytes[end - 2] === Char.DOT;
    if (mayBegin && this.#begin(bytes, at, end, call, head)) return;
    this.#complete(bytes, open + 1, end, call, head);
  }

  #nameEnd = 0;

  /** The call whose name ends in `last`; #nameEnd tells where that is. */
  #callAt(bytes: Uint8Array, at: number, end: number, last: Char): Call {
    let hash = HASH_START;
    let next = at;
    while (next < end && bytes[next] !== last) hash = nextHash(hash, bytes[next++] as number);
    this.#nameEnd = next;
    const known = this.#callWords.find(bytes, at, next, hash);
    if (known !== undefined && next < end) return known;
    const name = textOf(bytes, at, next);
    refuseUnless(next < end && /^[a-z_?][\w?]{0,40}$/i.test(name), "no call, signal or exit");
    return this.#learn(callOf(name));
  }

  #learn(call: Call): Call {
    this.#calls.push(call);
    this.#callWords.add(call.name, call);
    return call;
  }

  /** Keeps a call that the line only begins; false if the line is a whole call after all. */
  #begin(bytes: Uint8Array, at: number, end: number, call: Call, head: Head): boolean {
    let mark = end;
    while (mark > at && bytes[mark] !== Char.LESS) mark--;
    if (isAt(bytes, mark, "<detached ...>")) return true;
    const moved = /^<pid changed to (\d+) \.\.\.>$/.exec(textOf(bytes, mark, end));
    if (moved === null && !isAt(bytes, mark, UNFINISHED)) return false;
    const movedFrom = moved === null ? undefined : head.pid;
    const pid = moved === null ? head.pid : this.#tasks.resolve(Number(moved[1]), this.#lineage.known);
    this.#tasks.begin(pid, { call, bytes: Buffer.from(bytes.subarray(at, mark)), line: head.line, movedFrom });
    if (call.isExit) this.#decode(bytes, at + call.name.length + 1, end, end, call, head);
    return true;
  }

  #resumed(bytes: Uint8Array, at: number, end: number, head: Head): void {
    refuseUnless(isAt(bytes, at, "<... "), "no call, signal or exit");
    const call = this.#callAt(bytes, at + 5, end, Char.SPACE);
    refuseUnless(isAt(bytes, this.#nameEnd, " resumed>"), "no call, signal or exit");
    const pending = this.#tasks.pending.get(head.pid);
    if (pending === undefined) {
      // strace was attached in the middle of a call: what the call was given is lost.
      if (call.decoder !== undefined) {
        throw new BadLine(`${call.name} of process ${head.pid} goes on but never began: lines are missing`, RECORD);
      }
      call.ignored++;
      return;
    }
    if (pending.call !== call && !call.name.startsWith("?")) throw this.#tasks.missing(head.pid, pending, call.name);
    const rest = bytes.subarray(this.#nameEnd + " resumed>".length, end);
    const whole = Buffer.concat([pending.bytes, rest, NEWLINE_BYTES]);
    if (!pending.call.isExit) {
      this.#complete(whole, pending.call.name.length + 1, whole.length - 1, pending.call, head);
    }
    this.#tasks.finish(head.pid);
    this.#settle();
  }

  /** A call from its first argument to its result. */
  #complete(bytes: Uint8Array, at: number, end: number, call: Call, head: Head): void {
    let equals = end - 1;
    while (equals > at && !(bytes[equals] === Char.EQUALS && isSpaced(bytes, equals))) equals--;
    if (equals <= at) throw new BadLine(`${excerpt(call.name)} has no result`);
    const result = equals + 2;
    const code = bytes[result];
    if (call.decoder === undefined) call.ignored++;
    else if (code === Char.MINUS || (code === Char.QUESTION && !call.isExit)) {
      const text = textOf(bytes, result, end);
      const error = /^(-1|\?) ([A-Z][A-Z0-9_]+|\(errno \d+\))/.exec(text)?.[2];
      if (code === Char.MINUS && error === undefined) throw new BadLine(`${call.name} failed without the error's name`);
      this.#emit({ kind: "failed", ...head, call: call.name, error: error ?? "?" });
    } else this.#decode(bytes, at, end, result, call, head);
  }

  #decode(bytes: Uint8Array, at: number, end: number, resultAt: number, call: Call, head: Head): void {
    this.#scan.reset(bytes, at, end, resultAt);
    const event = call.decoder?.(this.#scan, head);
    if (event === undefined) call.ignored++;
    else this.#emit(event);
  }

  #exited(text: string, head: Head): void {
    const words = /^\+\+\+ (exited with|killed by|superseded by execve in pid) (\w+)( \(core dumped\))? \+\+\+$/.exec(
      text,
    );
    const detail = words?.[2];
    if (words === null || detail === undefined) throw new BadLine("no exit");
    if (words[1] === "superseded by execve in pid") {
      const by = Number(detail);
      this.#drop(this.#tasks.superseded(head.pid, by), head);
      this.#emit({ kind: "superseded", ...head, by });
      return;
    }
    this.#drop(this.#tasks.gone(head.pid), head);
    if (words[1] === "killed by") this.#emit({ kind: "killed", ...head, signal: detail });
    else this.#emit({ kind: "exited", ...head, status: Number(detail) });
  }

  /** The task that was in `pending` is gone: the call never returns. */
  #drop(pending: Pending | undefined, head: Head): void {
    if (pending === undefined) return;
    const { call } = pending;
    if (call.decoder !== undefined && !call.isExit) {
      this.#emit({ kind: "failed", ...head, call: call.name, error: "?" });
    }
    this.#settle();
  }

  #emit(event: StraceEvent): void {
    if (event.kind === "fork") this.#tasks.fork(event.pid, event.child, event.isThread);
    else if (event.kind === "exit_group") this.#tasks.exitGroup(event.pid);
    this.#lineage.add(event, this.#tasks.forksOpen, this.#out);
  }

  #settle(): void {
    this.#lineage.settle(this.#tasks.forksOpen, this.#out);
  }

  #refuse(error: BadLine, text: string, line: number, isWhole: boolean): InputError {
    const source = this.#source;
    const kind = line <= SNIFF_LINES || !this.#isRecognised ? foreignKind(text) : undefined;
    if (kind !== undefined || !this.#isRecognised) {
      const looks = kind === undefined ? `it starts with ${excerpt(text)}` : `it looks like ${kind}`;
      return new InputError(`not an strace log: ${looks}`, { source, line, remedy: RECORD });
    }
    if (!isWhole) return this.#cut(line);
    const remedy = error.remedy ?? "correct or remove the line, or record it again with `-o LOG`";
    const what = error.remedy === undefined ? `cannot be read as strace output (${error.message})` : error.message;
    return new InputError(`${what}: ${excerpt(text)}`, { source, line, remedy });
  }

  #cut(line: number): InputError {
    const remedy = "copy it again, or remove the last line";
    return new InputError(`the log is cut in line ${line}`, { source: this.#source, line, remedy });
  }
}

const NEWLINE_BYTES = Uint8Array.of(Char.NEWLINE);

function isSpaced(bytes: Uint8Array, at: number): boolean {
  return bytes[at - 1] === Char.SPACE && bytes[at + 1] === Char.SPACE;
}

function refuseUnless(isRight: boolean, message: string): void {
  if (!isRight) throw new BadLine(message);
}
