/**
 * Module hooks for scenario files: "shootdown" means this very package, wherever the file lies; TypeScript becomes
 * JavaScript where Node does not do that itself. Runs on the thread that Node gives to hooks.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type tsTypes from "typescript";

/** What the main thread hands over. */
export interface HookData {
  /** URL of this package's entry. */
  readonly entry: string;
  /** URL of the typescript package, when TypeScript is to be compiled here. */
  readonly typescript?: string;
}

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}
interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}
interface Context {
  readonly format?: string | null;
}

let data: HookData = { entry: "" };

export function initialize(given: HookData): void {
  data = given;
}

export async function resolve(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => Promise<Resolved>,
): Promise<Resolved> {
  if (specifier === "shootdown") return { url: data.entry, shortCircuit: true };
  return next(specifier, context);
}

export async function load(
  url: string,
  context: Context,
  next: (url: string, context: Context) => Promise<Loaded>,
): Promise<Loaded> {
  const [path = url] = url.split("?");
  if (/\.m?ts$/.test(path) && data.typescript !== undefined) {
    const source = toJavaScript(await typescriptOf(data.typescript), path, await readFile(fileURLToPath(path), "utf8"));
    return { format: "module", source, shortCircuit: true };
  }
  if (path.endsWith(".js") && context.format === "commonjs" && !path.includes("/node_modules/")) {
    // A folder without a package.json: the words that only modules have decide, as in newer versions of Node.
    const source = await readFile(fileURLToPath(path), "utf8");
    if (/^\s*(import|export)\b/m.test(source)) return { format: "module", source, shortCircuit: true };
  }
  return next(url, context);
}

async function typescriptOf(url: string): Promise<typeof tsTypes> {
  const module = (await import(url)) as { default: typeof tsTypes };
  return module.default;
}

function toJavaScript(ts: typeof tsTypes, url: string, source: string): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName: fileURLToPath(url),
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: false,
      inlineSourceMap: true,
    },
  });
  const [first] = diagnostics;
  if (first !== undefined) {
    const line = first.file?.getLineAndCharacterOfPosition(first.start ?? 0).line ?? 0;
    const text = ts.flattenDiagnosticMessageText(first.messageText, " ");
    throw new SyntaxError(`${basename(fileURLToPath(url))}:${line + 1}: ${text}`);
  }
  return outputText;
}
