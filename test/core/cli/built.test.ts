import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { call, chat } from "./_call.ts";
import { freePort } from "../../_redis.ts";
import { launch, onDeno, processTest, within } from "./_sluice.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

// Deno runs the sources.
if (!onDeno) {
  processTest("what is built runs with plain node, workers and all", async ({ folder, defer }) => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const build = [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", join(folder, "dist")];
    spawnSync(process.execPath, build);
    await cp(join(root, "package.json"), join(folder, "package.json"));
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const bundled = spawnSync("npm", ["run", "bundle"], { cwd: folder, encoding: "utf8" });
    assert.equal(bundled.status, 0, bundled.stderr);
    const { bin } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      bin: { sluice: string };
    };
    const flags = ["--preset", "demo", "--workers", "2", "--port", String(await freePort())];
    const sluice = launch([process.execPath, join(folder, bin.sluice), ...flags], folder);
    defer(() => {
      sluice.signal("SIGKILL");
      return sluice.ended;
    });
    await sluice.says(/Sluice listens on \S+/);
    const { status } = await call(`${sluice.url}/v1/chat/completions`, { body: chat("demo") });
    assert.equal(status, 200);
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the processes", sluice.ended), 0);
  });
}
