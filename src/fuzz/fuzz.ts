/**
 * `fuzz`: random programs on random schedules, under the oracle, until time or runs end.
 *
 * One worker with one seed gives the same runs, corpus and findings on every machine, when it ends by runs and not by
 * the clock. What runs is in the core; here are slices, clocks, and what was found.
 */
import { CorpusEntry, FuzzWord, Signature } from "../../assembly/abi/fuzz.js";
import type { CoreModule } from "../core/core.js";
import { InputError } from "../error.js";
import { chooseBackend, chooseEdition } from "../explore/choose.js";
import { newestEdition } from "../kernel/editions.js";
import { kindName, type Severity, severityOf, type ViolationKind } from "../names.js";
import { Arena, modes, type StrategyName, strategies } from "./arena.js";
import { type CaseFile, makeCase } from "./case.js";
import { arenaFor, fuzzOne } from "./one.js";
import type { FuzzRace } from "./race.js";
import type { RaceFinding } from "./race-finding.js";
import { restoreCampaign, saveCampaign } from "./saved.js";
import { shrinkInput } from "./shrink.js";

/** One thing that went wrong, however many runs showed it. */
export interface FuzzFinding {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  /** Where what is owed was taken away, and where the violation was seen: kernel function and line. */
  readonly born: string;
  readonly where: string;
  /** Number of the first run that showed it, from 1; and how many did. */
  readonly firstRun: number;
  readonly runs: number;
  /** The bytes of the first run: program and schedule. */
  readonly input: string;
  /** The finding at its smallest; absent when it was not shrunk. */
  readonly case?: CaseFile;
  /** In a scenario: where, and the smallest schedule. */
  readonly race?: RaceFinding;
}

export interface FuzzOptions {
  /** The newest release by default; one edition a campaign. */
  readonly edition?: string;
  /** x86 by default. */
  readonly backend?: string;
  /** Seconds; 60 by default when `runs` is not given. */
  readonly time?: number;
  readonly runs?: number;
  readonly seed?: number;
  /** portfolio by default. */
  readonly strategy?: StrategyName;
  /** Depth of PCT, 3 by default. */
  readonly depth?: number;
  /** Keep what shows something new and change it (true by default); false draws every program anew. */
  readonly guided?: boolean;
  /** A saved campaign to go on with; its parameters must be the same. */
  readonly state?: Uint8Array;
  /** First take out of the corpus what shows nothing of its own. */
  readonly minimize?: boolean;
  /** Takes the campaign as bytes now and then, and at the end. */
  readonly onState?: (state: Uint8Array) => void;
  /** Make a case of each finding at the end (true by default). */
  readonly shrink?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FuzzProgress) => void;
}

export interface FuzzProgress {
  readonly runs: number;
  /** Runs a second. */
  readonly rate: number;
  readonly steps: number;
  readonly seconds: number;
  readonly coverage: number;
  readonly corpus: number;
  readonly findings: number;
}

export interface FuzzResult {
  readonly schema: "shootdown/fuzz@1";
  readonly edition: string;
  readonly backend: string;
  readonly strategy: StrategyName;
  readonly depth: number;
  readonly guided: boolean;
  readonly seed: number;
  readonly runs: number;
  readonly programs: number;
  /** Steps under the oracle, those of set-ups included. */
  readonly steps: number;
  readonly seconds: number;
  readonly runsPerSecond: number;
  /** Features: pairs of conflicting ops, and lives of obligations. */
  readonly coverage: number;
  readonly corpus: { readonly entries: number; readonly hash: string };
  /** Runs cut at the bound on steps; runs in which a region overflowed; programs whose set-up went wrong. */
  readonly bounded: number;
  readonly overflowed: number;
  readonly rejected: number;
  readonly findings: readonly FuzzFinding[];
  /** Of scenarios: each case on each back-end. */
  readonly races?: readonly FuzzRace[];
}

const SLICE = 1000;
const DEFAULT_SECONDS = 60;
const SAVE_SECONDS = 2;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A campaign under way: the arena, the counters, the findings. */
export class Campaign {
  readonly arena: Arena;
  /** The parameters, defaults filled in. */
  readonly options: Required<Pick<FuzzOptions, "edition" | "backend" | "strategy" | "depth" | "guided" | "seed">>;
  runs = 0;
  steps = 0;
  programs = 0;
  readonly found: { readonly firstRun: number; readonly input: string; case?: CaseFile }[] = [];

  /** `module`: another build of the core. */
  constructor(options: FuzzOptions, module?: CoreModule) {
    this.options = {
      edition: options.edition ?? newestEdition().name,
      backend: options.backend ?? "x86",
      strategy: options.strategy ?? "portfolio",
      depth: options.depth ?? 3,
      guided: options.guided ?? true,
      seed: options.seed ?? 1,
    };
    const { edition, backend, strategy, depth, guided, seed } = this.options;
    if (!strategies.includes(strategy)) {
      throw new InputError(`there is no strategy "${strategy}"`, {
        source: "fuzz",
        remedy: `choose one of: ${strategies.join(", ")}`,
      });
    }
    this.arena = Arena.boot({
      edition: chooseEdition(edition),
      backend: chooseBackend(backend),
      ...(module === undefined ? {} : { module }),
    });
    this.arena.seed(seed);
    this.arena.choose(strategy, depth);
    this.arena.set(FuzzWord.MODE, guided ? modes.guided : modes.random);
  }

  /** Up to `most` runs more. Every thousand runs the core forgets what is not in its regions: there a save can be. */
  slice(most: number): void {
    let left = most;
    while (left > 0) {
      if (this.runs % SLICE === 0) this.arena.machine.core.call.fuzzFresh();
      const batch = this.arena.run(Math.min(left, SLICE - (this.runs % SLICE)));
      this.steps += batch.steps;
      this.programs += batch.programs;
      this.runs += batch.runs;
      left -= batch.runs;
      for (let i = 0; i < batch.found; i++) this.found.push({ firstRun: this.runs, input: hex(this.arena.read()) });
    }
  }

  findings(): FuzzFinding[] {
    const { arena } = this;
    return this.found.map((first, i) => {
      const at = arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
      const word = (field: Signature): number => arena.machine.get(at + field);
      const kind = kindName(word(Signature.KIND));
      return {
        kind,
        severity: severityOf(kind),
        born: arena.lineName(word(Signature.BIRTH)),
        where: arena.lineName(word(Signature.AT)),
        firstRun: first.firstRun,
        runs: word(Signature.COUNT),
        input: first.input,
        ...(first.case === undefined ? {} : { case: first.case }),
      };
    });
  }

  /** Makes a case of finding `i`: the smallest program and the shortest schedule. */
  async shrink(i: number): Promise<void> {
    const first = this.found[i];
    if (first === undefined || first.case !== undefined) return;
    const at = this.arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
    const word = (field: Signature): number => this.arena.machine.get(at + field);
    const target = { kind: word(Signature.KIND), birth: word(Signature.BIRTH), at: word(Signature.AT) };
    const { edition, backend } = this.options;
    const small = shrinkInput(arenaFor(edition, backend), Uint8Array.from(Buffer.from(first.input, "hex")), target);
    if (small === undefined) return;
    const run = fuzzOne(small, { edition, backend });
    const made = await makeCase(run, kindName(target.kind), this.arena.lineName(target.at));
    if (made !== undefined) first.case = made;
  }

  /** Leaves in the corpus what shows something that shorter entries do not. Gives how many entries went. */
  minimize(): number {
    const { arena } = this;
    const from = arena.get(FuzzWord.ENTRIES);
    const all = Array.from({ length: arena.get(FuzzWord.CORPUS) }, (_, i) => {
      const at = from + i * CorpusEntry.WORDS;
      return arena.machine.core.words().slice(at, at + CorpusEntry.WORDS);
    });
    const length = (entry: Uint32Array): number => entry[CorpusEntry.LENGTH] as number;
    arena.machine.core.call.forgetFeatures();
    let kept = 0;
    for (const entry of all.sort((a, b) => length(a) - length(b))) {
      const before = arena.get(FuzzWord.FEATURES);
      arena.write(new Uint8Array(entry.buffer, CorpusEntry.BYTES * 4, length(entry)));
      arena.machine.core.call.fuzzInput();
      if (arena.get(FuzzWord.FEATURES) === before) continue;
      arena.machine.core.words().set(entry, from + kept * CorpusEntry.WORDS);
      kept++;
    }
    arena.set(FuzzWord.CORPUS, kept);
    return all.length - kept;
  }

  /** Fingerprint of the corpus: the same on every machine. */
  corpusHash(): string {
    const { arena } = this;
    let hash = 0xcbf29ce484222325n;
    const from = arena.get(FuzzWord.ENTRIES);
    const words = arena.machine.core.words();
    for (let i = 0; i < arena.get(FuzzWord.CORPUS); i++) {
      const entry = from + i * CorpusEntry.WORDS;
      const length = words[entry + CorpusEntry.LENGTH] as number;
      const used = Math.ceil(length / 4);
      for (const word of words.subarray(entry + CorpusEntry.BYTES, entry + CorpusEntry.BYTES + used)) {
        hash = BigInt.asUintN(64, (hash ^ BigInt(word)) * 0x100000001b3n);
      }
    }
    return hash.toString(16).padStart(16, "0");
  }

  /** `before`: runs of an earlier call, which took none of these seconds. */
  progress(seconds: number, before = 0): FuzzProgress {
    return {
      runs: this.runs,
      rate: seconds > 0 ? (this.runs - before) / seconds : 0,
      steps: this.steps,
      seconds,
      coverage: this.arena.get(FuzzWord.FEATURES),
      corpus: this.arena.get(FuzzWord.CORPUS),
      findings: this.found.length,
    };
  }

  result(seconds: number, before = 0): FuzzResult {
    const { arena } = this;
    const { edition, backend, ...drawn } = this.options;
    return {
      schema: "shootdown/fuzz@1",
      edition,
      backend,
      ...drawn,
      runs: this.runs,
      programs: this.programs,
      steps: this.steps,
      seconds,
      runsPerSecond: seconds > 0 ? (this.runs - before) / seconds : 0,
      coverage: arena.get(FuzzWord.FEATURES),
      corpus: { entries: arena.get(FuzzWord.CORPUS), hash: this.corpusHash() },
      bounded: arena.get(FuzzWord.BOUNDED),
      overflowed: arena.get(FuzzWord.OVERFLOWED),
      rejected: arena.get(FuzzWord.REJECTED),
      findings: this.findings(),
    };
  }
}

/** Fuzzes until the time or the runs end, or the signal says so: an interrupted campaign gives what it has. */
export async function fuzz(options: FuzzOptions = {}): Promise<FuzzResult> {
  const campaign = new Campaign(options);
  if (options.state !== undefined) restoreCampaign(campaign, options.state);
  if (options.minimize === true) campaign.minimize();
  const until = campaign.runs + (options.runs ?? Number.POSITIVE_INFINITY);
  const seconds = options.time ?? (options.runs === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY);
  const before = campaign.runs;
  const started = performance.now();
  const passed = (): number => (performance.now() - started) / 1000;
  let saved = 0;
  while (campaign.runs < until && passed() < seconds && options.signal?.aborted !== true) {
    campaign.slice(Math.min(SLICE, until - campaign.runs));
    options.onProgress?.(campaign.progress(passed(), before));
    if (options.onState !== undefined && passed() - saved > SAVE_SECONDS) {
      options.onState(saveCampaign(campaign));
      saved = passed();
    }
    await nextTurn();
  }
  const ended = passed();
  options.onState?.(saveCampaign(campaign));
  for (let i = 0; i < campaign.found.length && options.shrink !== false; i++) {
    if (options.signal?.aborted === true) break;
    await campaign.shrink(i);
    await nextTurn();
  }
  return campaign.result(ended, before);
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
