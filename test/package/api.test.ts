/**
 * The public API, written down: every name that the package exports, and what it is. A change here is a change for
 * users: say it in CHANGELOG.md, then `npx vitest run test/package/api.test.ts -u`.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Entry points by their source: those that package.json names. */
const entries = {
  ".": "src/index.ts",
  "./fast-check": "src/testing/fast-check.ts",
  "./vitest": "src/testing/vitest.ts",
};

/** A name and what it is: a function with its parameters, an interface or a class with its members. */
function told(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declaration = real.declarations?.[0];
  const { name } = symbol;
  if (declaration === undefined || ts.isSourceFile(declaration)) return `${name}: module`;
  const members = (type: ts.Type): string =>
    checker
      .getPropertiesOfType(type)
      .map(memberName)
      .sort()
      .map((one) => `\n    ${one}`)
      .join("");
  if (ts.isInterfaceDeclaration(declaration))
    return `${name}: interface${members(checker.getDeclaredTypeOfSymbol(real))}`;
  if (ts.isTypeAliasDeclaration(declaration)) return `${name}: type`;
  const type = checker.getTypeOfSymbolAtLocation(real, declaration);
  if (ts.isClassDeclaration(declaration)) {
    return `${name}: class${members(checker.getDeclaredTypeOfSymbol(real))}`;
  }
  const [call] = type.getCallSignatures();
  if (call === undefined) return `${name}: const`;
  const given = call.parameters.map((one) => (isOptional(one) ? `${one.name}?` : one.name));
  return `${name}(${given.join(", ")})`;
}

function isOptional(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined || !ts.isParameter(declaration)) return false;
  return declaration.questionToken !== undefined || declaration.initializer !== undefined;
}

const memberName = ({ name, flags }: ts.Symbol): string => (flags & ts.SymbolFlags.Optional ? `${name}?` : name);

it("is what api.txt says", async () => {
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const files = Object.values(entries).map((file) => root + file);
  const program = ts.createProgram(files, { ...options, noEmit: true, incremental: false });
  const checker = program.getTypeChecker();
  const parts = Object.entries(entries).map(([path, file]) => {
    const source = program.getSourceFile(root + file) as ts.SourceFile;
    const module = checker.getSymbolAtLocation(source) as ts.Symbol;
    const names = checker.getExportsOfModule(module).map((symbol) => told(checker, symbol));
    return `${path === "." ? "shootdown" : `shootdown${path.slice(1)}`}\n${names
      .sort()
      .map((name) => `  ${name}\n`)
      .join("")}`;
  });
  await expect(parts.join("\n")).toMatchFileSnapshot("api.txt");
}, 120_000);

it("is reached by the entry points of package.json, and by no others", () => {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { exports: Record<string, unknown> };
  expect(Object.keys(exports).sort()).toEqual([...Object.keys(entries), "./core.wasm", "./package.json"].sort());
});
