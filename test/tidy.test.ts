/**
 * The house rules as tests: who may import whom, sizes, and the few habits that cost a day when they slip.
 *
 * Every failure lists the offences as file:line and its title line names the fix. The rooms are described in
 * CONTRIBUTING.md; to move a wall, change the table here and say why in ARCHITECTURE.md in the same commit.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const LINE_COLUMNS_MAX = 120;
const FILE_LINES_MAX = 300;
const TEST_FILE_LINES_MAX = 400;
/** An instruction set is one list, and an enumeration cannot be split. */
const LONG_LISTS: Readonly<Record<string, number>> = { "assembly/abi/ops.ts": 400 };
const FUNCTION_LINES_MAX = 70;

const root = fileURLToPath(new URL("..", import.meta.url));

/** A room may import itself, what `may` names, and packages (npm or node:) unless `packages` is false. */
interface Wall {
  room: string;
  may?: string[];
  never?: string[];
  packages?: false;
  because: string;
}

const core = ["assembly/abi", "assembly/word", "assembly/hw"];

const walls: Wall[] = [
  { room: "assembly", may: [], packages: false, because: "the core is closed: no packages, nothing of the host" },
  { room: "assembly/abi", may: [], because: "asc and tsc both compile it, so it stands alone" },
  {
    room: "assembly/word",
    may: ["assembly/abi", "assembly/noted"],
    because: "it reads and writes words and knows only their layout",
  },
  { room: "assembly/hw", may: core, because: "the hardware knows nothing of Linux, nor of who watches it" },
  { room: "assembly/ghost", may: core, because: "the oracle believes the hardware, not the kernel" },
  { room: "assembly/mm", may: [...core, "assembly/ghost"], because: "a primitive does not know who schedules it" },
  { room: "assembly/replay", may: core, because: "the throughput engine is hardware alone" },
  { room: "assembly/step", never: ["assembly/check"], because: "moving the state and judging it stay apart" },
  { room: "assembly/check", never: ["assembly/step"], because: "moving the state and judging it stay apart" },
  { room: "src", may: ["assembly/abi"], because: "of the core, the host sees only the shared words" },
  { room: "src/core", may: ["assembly/abi"], because: "it opens the wasm and knows nothing above it" },
  { room: "src/kernel", may: ["assembly/abi"], packages: false, because: "a listing is data and cannot cheat" },
  {
    room: "src/scenarios",
    may: ["src/kernel", "src/property", "assembly/abi"],
    because: "a race does not know how it is searched",
  },
  {
    room: "src/golden",
    may: ["assembly/abi", "src/boot", "src/core", "src/error", "src/geometry", "src/kernel", "src/machine"],
    because: "a recording is predicted by the machine alone, without searches",
  },
  {
    room: "src/sequential",
    may: ["src/kernel"],
    packages: false,
    because: "one call after another on plain objects: no core, no files, no scripts",
  },
  {
    room: "src/conform",
    may: ["src/error", "src/kernel", "src/sequential", "src/workload"],
    because: "a recording is predicted by the model alone",
  },
  {
    room: "src/oplog",
    may: ["src/error", "src/kernel", "src/sequential", "src/workload"],
    because: "a log is predicted by the model alone",
  },
  { room: "src/workload", may: ["src/error"], because: "readers of input know nothing of the machine" },
];

/** Rooms at the top: only these may import them. */
const doors: { target: string; from: string[]; because: string }[] = [
  {
    target: "src/report",
    from: ["src/report", "src/cli", "src/testing"],
    because: "results do not know how they look",
  },
  {
    target: "src/testing",
    from: ["src/testing"],
    because: "it needs fast-check and vitest, which only those who use it have",
  },
  { target: "src/cli", from: ["src/cli", "src/report"], because: "the command is a thin face on the library" },
];

// ---------------------------------------------------------------------------------------------------------------------

/** Paths of every file that a commit would hold; without git (a tarball), every file that is not a product. */
function listFiles(): string[] {
  if (existsSync(`${root}.git`)) {
    try {
      const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
      const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      return [...new Set(listed.split("\0"))].filter((path) => path !== "" && existsSync(root + path)).sort();
    } catch {
      // No git program, or it refuses this folder: walk.
    }
  }
  return walk("");
}

function walk(folder: string): string[] {
  const product = /^(\.git|node_modules|dist|build|coverage)$|\.tgz$|\.generated\.ts$/;
  return readdirSync(root + folder, { withFileTypes: true })
    .filter((entry) => !product.test(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? walk(`${folder}${entry.name}/`) : [folder + entry.name]))
    .sort();
}

const files = listFiles();
const isFixture = (path: string): boolean => path.includes("/fixtures/");
const isProse = (path: string): boolean => path !== "package-lock.json" && !isFixture(path);
const isUnder = (path: string, room: string): boolean =>
  path === room || path.startsWith(`${room}/`) || path.startsWith(`${room}.`);

function read(path: string): string {
  return readFileSync(root + path, "utf8");
}

/** Lines of a text file; none for a binary one. */
function linesOf(path: string): string[] {
  const text = read(path);
  if (text.includes("\0")) return [];
  return text.replace(/\n$/, "").split("\n");
}

const code = files.filter((path) => /^(assembly|src|bench|scripts|test)\/.*\.(ts|mjs)$/.test(path) && !isFixture(path));
const sources = new Map(
  code.map((path) => [path, ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true)]),
);
const sourcesIn = (room: string): [string, ts.SourceFile][] =>
  [...sources].filter(([path]) => isUnder(path, room) && path.endsWith(".ts"));
const testSources = [...sources].filter(([path]) => path.endsWith(".test.ts"));

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** `file:line what` for every node that `judge` names. */
function offencesIn(chosen: Iterable<[string, ts.SourceFile]>, judge: (node: ts.Node) => string | undefined): string[] {
  const offences: string[] = [];
  for (const [path, source] of chosen) {
    visit(source, (node) => {
      const what = judge(node);
      if (what !== undefined) offences.push(`${path}:${lineOf(source, node.getStart(source))} ${what}`);
    });
  }
  return offences;
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1;
}

/** The module that a node imports, re-exports or loads: static, dynamic, as a type, by `new URL`. */
function specifierOf(node: ts.Node): string | undefined {
  let name: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) name = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) name = node.argument.literal;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) name = node.arguments[0];
  else if (ts.isNewExpression(node) && node.expression.getText() === "URL" && node.arguments?.length === 2) {
    name = node.arguments[0];
    if (name && !/\.[mc]?[jt]s["'`]$/.test(name.getText())) return undefined;
  }
  return name && ts.isStringLiteralLike(name) ? name.text : undefined;
}

/** The repository path that a relative import means, without extension; undefined for a package. */
function resolve(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return posix.join(posix.dirname(importer), specifier).replace(/\.[mc]?[jt]s$/, "");
}

function crosses(wall: Wall, importer: string, specifier: string): boolean {
  const target = resolve(importer, specifier);
  if (target === undefined) return wall.packages === false;
  if (wall.never?.some((room) => isUnder(target, room))) return true;
  return wall.may !== undefined && ![wall.room, ...wall.may].some((room) => isUnder(target, room));
}

/** Fails with `fix` and the list of offences. */
function expectNone(offences: string[], fix: string): void {
  if (offences.length > 0) expect.fail(`${fix}\n  ${offences.join("\n  ")}\n`);
}

/** Lines that match, as `file:line text`. */
function grep(pattern: RegExp): string[] {
  return files
    .filter(isProse)
    .flatMap((path) =>
      linesOf(path).flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
    );
}

// ---------------------------------------------------------------------------------------------------------------------

describe("layers", () => {
  for (const wall of walls) {
    it(`${wall.room}: ${wall.because}`, () => {
      const offences = offencesIn(sourcesIn(wall.room), (node) => {
        const specifier = specifierOf(node);
        if (specifier === undefined || !crosses(wall, node.getSourceFile().fileName, specifier)) return undefined;
        return `imports ${specifier}`;
      });
      const rule =
        wall.may === undefined
          ? `must not import ${wall.never?.join(", ")}`
          : `may import only ${[...wall.may, "itself"].join(", ")}`;
      expectNone(offences, `${wall.room} ${rule} (${wall.because}): move the code, or pass the value in.`);
    });
  }

  for (const { target, from, because } of doors) {
    it(`only ${from.join(", ")} import ${target}: ${because}`, () => {
      const outside = sourcesIn("src").filter(([path]) => !from.some((room) => isUnder(path, room)));
      const offences = offencesIn(outside, (node) => {
        const specifier = specifierOf(node);
        const resolved = specifier === undefined ? undefined : resolve(node.getSourceFile().fileName, specifier);
        return resolved !== undefined && isUnder(resolved, target) ? `imports ${specifier}` : undefined;
      });
      expectNone(offences, `${target} is imported from below (${because}): return data and let ${target} show it.`);
    });
  }

  it("only src/core touches WebAssembly", () => {
    const outside = sourcesIn("src").filter(([path]) => !isUnder(path, "src/core"));
    const offences = offencesIn(outside, (node) =>
      ts.isIdentifier(node) && node.text === "WebAssembly" ? "names WebAssembly" : undefined,
    );
    expectNone(offences, "Ask src/core for what you need; give it a function or a type of its own if it has none.");
  });
});

describe("sizes", () => {
  it("files fit in one sitting", () => {
    const offences = code.flatMap((path) => {
      const max = LONG_LISTS[path] ?? (path.startsWith("test/") ? TEST_FILE_LINES_MAX : FILE_LINES_MAX);
      const count = linesOf(path).length;
      return count > max ? [`${path} has ${count} lines, at most ${max}`] : [];
    });
    expectNone(offences, "Split the file along its protocol: each half should deserve its own header sentence.");
  });

  it(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
    const offences = offencesIn(sources, (node) => {
      if (!isFunction(node) || isDescribeBody(node)) return undefined;
      const count = lineCountOf(node);
      return count > FUNCTION_LINES_MAX ? `has ${count} lines` : undefined;
    });
    expectNone(offences, "Name a part of the function and move it out. One-line cases of a switch are not counted.");
  });

  it(`lines have at most ${LINE_COLUMNS_MAX} columns`, () => {
    const offences = files.filter(isProse).flatMap((path) =>
      linesOf(path).flatMap((line, index) => {
        const columns = line.length <= LINE_COLUMNS_MAX ? 0 : [...line].length;
        return columns > LINE_COLUMNS_MAX ? [`${path}:${index + 1} has ${columns} columns`] : [];
      }),
    );
    expectNone(offences, "Wrap the line; in a Markdown table, shorten the cell or move the sentence below the table.");
  });
});

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

/** The function given to `describe` is a list of tests, not a function that someone reads as one. */
function isDescribeBody(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^(describe|suite)\b/.test(node.parent.expression.getText());
}

/** Lines of a function without its comment; cases that take one line each are a table, and count nothing. */
function lineCountOf(node: ts.Node): number {
  const source = node.getSourceFile();
  const first = lineOf(source, node.getStart(source));
  const last = lineOf(source, node.getEnd());
  let tableRows = 0;
  visit(node, (inner) => {
    if (!ts.isCaseOrDefaultClause(inner)) return;
    if (lineOf(source, inner.getStart(source)) === lineOf(source, inner.getEnd())) tableRows++;
  });
  return last - first + 1 - tableRows;
}

describe("AssemblyScript", () => {
  it("has no `for` without a real condition", () => {
    const offences = offencesIn(sourcesIn("assembly"), (node) => {
      if (!ts.isForStatement(node)) return undefined;
      const condition = node.condition?.getText() ?? "";
      return /^(true|[1-9]\d*)?$/.test(condition) ? `for (..; ${condition}; ..)` : undefined;
    });
    expectNone(offences, "Write `while (true)`: asc silently drops the code after such a `for` that ends in `break`.");
  });

  it("has no decorators", () => {
    const offences = offencesIn(sourcesIn("assembly"), (node) => (ts.isDecorator(node) ? node.getText() : undefined));
    expectNone(
      offences,
      "Drop it: the optimiser inlines by itself, and a decorated function does not parse as TypeScript.",
    );
  });
});

describe("tests", () => {
  const runners = /^(describe|it|suite|test)$/;
  const partial = /^(only|skip|skipIf|runIf|todo)$/;

  it("are neither focused nor skipped", () => {
    const offences = offencesIn(testSources, (node) => {
      if (ts.isPropertyAccessExpression(node) && partial.test(node.name.text)) {
        const start = node.getText().split(/\W/)[0] ?? "";
        return runners.test(start) || /^(context|ctx)$/.test(start) ? node.getText() : undefined;
      }
      if (!ts.isPropertyAssignment(node) || !partial.test(node.name.getText())) return undefined;
      const call = node.parent.parent;
      return ts.isCallExpression(call) && runners.test(call.expression.getText()) ? node.getText() : undefined;
    });
    expectNone(offences, "Run it or delete it: a test that is not run says nothing and looks as if it did.");
  });

  it("assert something", () => {
    const silent = testSources.filter(([, source]) => {
      let asserts = false;
      visit(source, (node) => {
        if (ts.isCallExpression(node) && /^expect\b/.test(node.expression.getText())) asserts = true;
      });
      return !asserts;
    });
    expectNone(
      silent.map(([path]) => path),
      "A test file without an `expect` can only fail by throwing: say what must be true.",
    );
  });
});

describe("leftovers", () => {
  it("no notes to self", () => {
    expectNone(
      grep(/\b(TO[D]O|FI[X]ME|X[X]X)\b/),
      "Do it now, or write it down as an open question in ARCHITECTURE.md.",
    );
  });

  it("no paths of one machine", () => {
    expectNone(grep(/(?<![\w.])\/(w[o]rk|t[m]p|r[o]ot)\//), "Use a relative path, import.meta.url or os.tmpdir().");
  });

  it("no build products", () => {
    const products = files.filter((path) => /\.(wasm|wat|tgz)$|^(dist|build)\//.test(path));
    expectNone(products, "Take them out of the commit and name them in .gitignore: `npm run build` makes them.");
  });

  it("the lock file names no registry but npm's own", () => {
    if (!existsSync(`${root}package-lock.json`)) return;
    const lock: { packages: Record<string, { resolved?: string; link?: boolean }> } = JSON.parse(
      read("package-lock.json"),
    );
    const foreign = Object.entries(lock.packages)
      .filter(([, { resolved, link }]) => resolved && !link && !resolved.startsWith("https://registry.npmjs.org/"))
      .map(([name, { resolved }]) => `${name} from ${resolved}`);
    expectNone(
      foreign,
      "Install with `npm install --registry=https://registry.npmjs.org/`, or drop the `resolved` lines.",
    );
    const configured = files.includes(".npmrc") ? linesOf(".npmrc").filter((line) => /registry|_auth/.test(line)) : [];
    expectNone(configured, "Keep registry and login settings in your own ~/.npmrc, not in the project's.");
  });
});
