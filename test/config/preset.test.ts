import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { builtin } from "../../presets/index.ts";
import { inFolder, pluginNames } from "./_folder.ts";

const readme = await readFile(new URL("../../presets/README.md", import.meta.url), "utf8");

/** The first code block of a language, without its fence. */
function block(language: string): string {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? assert.fail(language);
}

test("the README's example of a preset works as it stands", async () => {
  const files = { "model-servers.ts": block("ts"), "sluice.yaml": block("yaml") };
  await inFolder(files, async (folder) => {
    const env = { MODEL_SERVERS: "http://one.test/v1, http://two.test/v1" };
    const loaded = await folder.load({ env });
    assert.deepEqual(
      loaded.config.upstreams.map(({ baseURL, models }) => [baseURL, models]),
      [
        ["http://one.test/v1", ["*"]],
        ["http://two.test/v1", ["*"]],
      ],
    );
    const retry = loaded.config.plugins.find(({ plugin }) => plugin.name === "retry");
    assert.deepEqual(retry?.options, { attempts: 3 });
    assert.ok(pluginNames(loaded).includes("auth"));

    await folder.write({ "servers.txt": "# ours\nhttp://three.test/v1\nthree\n\nfour\n" });
    assert.deepEqual(await folder.mistakes({ env }), [
      'servers.txt:3 (top): "three"; a URL',
      'servers.txt:5 (top): "four"; a URL',
    ]);
    await folder.write({ "servers.txt": "# none\n" });
    assert.equal((await folder.load({ env })).config.upstreams.length, 0);
    assert.deepEqual(folder.messages, ["model-servers: there is no server in servers.txt or MODEL_SERVERS"]);
  });
});

test("every built-in preset is in the README's table, is named as it is called, and yields", async () => {
  for (const [name, load] of Object.entries(builtin)) {
    const { default: preset } = await load();
    assert.equal(preset.name, name);
    assert.ok(preset.description, name);
    assert.match(readme, new RegExp(`^\\| \\[?\`${name}\``, "m"));
  }
  await inFolder({}, async (folder) => {
    for (const preset of ["default", "demo"]) {
      assert.ok(pluginNames(await folder.load({ file: false, presets: [preset] })).includes("auth"), preset);
    }
  });
});
