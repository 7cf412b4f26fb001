import { defineConfig } from "vitest/config";

// Set by .ci/run, which reads the counts of passed and failed tests from that file.
const resultsFile = process.env.SHOOTDOWN_TEST_RESULTS;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup/globalSetup.ts"],
    // On two cores vitest would take one worker.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: resultsFile ? ["default", ["json", { outputFile: resultsFile }]] : ["default"],
  },
});
