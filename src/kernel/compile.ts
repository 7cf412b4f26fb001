/**
 * From listings to micro-ops: an edition and a back-end chosen, sub-listings spliced, labels resolved.
 */
import type { Op } from "../../assembly/abi/ops.js";
import type { Backend } from "./arch/backends.js";
import { type Edition, hasChange } from "./editions.js";
import type { EditionLines, Line, Operand, Sub } from "./listing.js";

/** One compiled op and what a report needs to know about it. */
export interface CompiledOp {
  readonly op: Op;
  readonly operands: readonly [number, number, number];
  readonly text: string;
  readonly says: string;
  readonly fn: string;
  readonly file: string;
  /** Commits of the edition lines that it stands in, outermost first. */
  readonly commits: readonly string[];
}

/** Where a line stands: the array that holds it, its index there, and the function that it belongs to. */
export interface Place {
  readonly lines: readonly Line[];
  readonly index: number;
  readonly fn: string;
  readonly file: string;
}

/** A listing that cannot be compiled: in which function, and what is wrong. */
export class ListingError extends Error {
  override readonly name = "ListingError";

  constructor(
    readonly fn: string,
    readonly what: string,
  ) {
    super(`${fn}: ${what}`);
  }
}

interface Scope {
  readonly id: number;
  readonly fn: string;
  readonly file: string;
  readonly commits: readonly string[];
}

interface Draft {
  readonly op: Op;
  readonly operands: readonly Operand[];
  readonly text: string;
  readonly says: string;
  readonly scope: Scope;
}

/** Whether an edition has these lines. */
export function applies(lines: EditionLines, edition: Edition): boolean {
  if (lines.since !== undefined && !hasChange(edition, lines.since, lines.commit)) return false;
  if (lines.until !== undefined && hasChange(edition, lines.until, lines.commit)) return false;
  if (lines.only !== undefined && edition.patch !== lines.only) return false;
  return lines.unless === undefined || edition.patch !== lines.unless;
}

class Compiler {
  readonly drafts: Draft[] = [];
  readonly labels = new Map<string, number>();
  #scopes = 0;

  constructor(
    readonly edition: Edition,
    readonly backend: Backend,
    readonly see?: (place: Place) => void,
  ) {}

  /** Lines that stand together. What an edition changes in this place stands in for what is written there. */
  addAll(lines: readonly Line[], scope: Scope): void {
    const change = this.edition.change?.lines === lines ? this.edition.change : undefined;
    lines.forEach((line, index) => {
      if (change !== undefined && index === change.index) for (const other of change.by) this.add(other, scope);
      if (change !== undefined && index >= change.index && index < change.index + change.count) return;
      this.see?.({ lines, index, fn: scope.fn, file: scope.file });
      this.add(line, scope);
    });
  }

  add(line: Line, scope: Scope): void {
    if (!("kind" in line)) {
      this.addAll(line, scope);
      return;
    }
    switch (line.kind) {
      case "op":
        this.drafts.push({ op: line.op, operands: line.operands, text: line.text, says: line.says, scope });
        return;
      case "label":
        this.#label(line.name, scope);
        return;
      case "sub":
        this.sub(line, scope.commits);
        return;
      case "edition": {
        if (!applies(line, this.edition)) return;
        const commits = line.commit === undefined ? scope.commits : [...scope.commits, line.commit];
        this.addAll(line.lines, { ...scope, commits });
        return;
      }
      case "arch":
        this.addAll(this.backend.hooks[line.name], scope);
    }
  }

  sub(sub: Sub, commits: readonly string[]): void {
    this.#scopes++;
    const scope = { id: this.#scopes, fn: sub.name, file: sub.file, commits };
    this.addAll(sub.lines, scope);
  }

  #label(name: string, scope: Scope): void {
    const key = `${scope.id}:${name}`;
    if (this.labels.has(key)) throw new ListingError(scope.fn, `the label ${name} stands twice`);
    this.labels.set(key, this.drafts.length);
  }

  resolve(operand: Operand | undefined, { scope, text }: Draft, offset: number): number {
    if (operand === undefined) return 0;
    if (typeof operand === "number") return operand;
    const target = this.labels.get(`${scope.id}:${operand.label}`);
    if (target === undefined) throw new ListingError(scope.fn, `there is no label ${operand.label}, for "${text}"`);
    return target + offset;
  }
}

/** Every place of a listing that the edition has on the back-end, in order; a function that is called twice, twice. */
export function placesOf(listing: Sub, edition: Edition, backend: Backend): Place[] {
  const places: Place[] = [];
  new Compiler(edition, backend, (place) => places.push(place)).sub(listing, []);
  return places;
}

/** Compiles one listing. `offset` is the index of its first op in the code region: jumps are absolute. */
export function compile(listing: Sub, edition: Edition, backend: Backend, offset: number): CompiledOp[] {
  const compiler = new Compiler(edition, backend);
  compiler.sub(listing, []);
  return compiler.drafts.map((draft) => ({
    op: draft.op,
    operands: [0, 1, 2].map((i) => compiler.resolve(draft.operands[i], draft, offset)) as [number, number, number],
    text: draft.text,
    says: draft.says,
    fn: draft.scope.fn,
    file: draft.scope.file,
    commits: draft.scope.commits,
  }));
}
