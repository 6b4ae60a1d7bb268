import assert from "node:assert/strict";
import { rename, rm, symlink } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { watchConfig } from "../../config/index.ts";
import type { LoadedConfig, Watcher, WatchOptions } from "../../config/index.ts";
import { closeServer, listenOn, until } from "../_gateway.ts";
import { inFolder } from "./_folder.ts";

const text = (name: string): string => `upstreams: [{ provider: demo, name: ${name} }]\n`;
const patience = 10_000;
/** What the file system tells must do: nothing is looked at by the clock. */
const told = { pollInterval: 3_600_000 };

interface Watched {
  watcher: Watcher;
  /** Names of the first upstream, one for each time the configuration changed. */
  names: unknown[];
  errors: string[];
  /** Waits for so many changes and errors. */
  seen(changes: number, errors?: number): Promise<void>;
}

async function watching(
  loaded: LoadedConfig,
  options: Partial<WatchOptions>,
  work: (watched: Watched) => Promise<void>,
): Promise<void> {
  const names: unknown[] = [];
  const errors: string[] = [];
  const watcher = watchConfig(loaded, {
    onChange: ({ config }) => void names.push(config.upstreams[0]?.name),
    onError: (error) => void errors.push(error.message),
    ...options,
  });
  const seen = (changes: number, failures = 0): Promise<void> =>
    until(() => names.length >= changes && errors.length >= failures, patience);
  try {
    await work({ watcher, names, errors, seen });
  } finally {
    watcher.close();
  }
}

test("a file that is written, or replaced as editors do it, is read again; a bad one is told of", async () => {
  // Of another length than the next: the two may be written within one tick of the file system's clock.
  await inFolder({ "sluice.yaml": text("first") }, async (folder) => {
    await watching(await folder.load(), told, async ({ names, errors, seen }) => {
      await folder.write({ "sluice.yaml": text("two") });
      await seen(1);
      await folder.write({ ".sluice.yaml.swp": text("three") });
      await rename(join(folder.path, ".sluice.yaml.swp"), join(folder.path, "sluice.yaml"));
      await seen(2);
      await folder.write({ "sluice.yaml": "upstreams: [{ provider: demo, nam: four }]\n" });
      await seen(2, 1);
      assert.match(errors[0] ?? "", /^sluice\.yaml:1:31 upstreams\[0\]\.nam: found unknown key .*"name"/);
      await folder.write({ "sluice.yaml": text("five") });
      await seen(3, 1);
      await rm(join(folder.path, "sluice.yaml"));
      await seen(3, 2);
      assert.equal(errors[1], "sluice.yaml (top): found no file, expected the configuration");
      await folder.write({ "sluice.yaml": text("six") });
      await seen(4, 2);
      assert.deepEqual(names, ["two", "three", "five", "six"]);
    });
  });
});

test("a file that its writer emptied is read once it is written", async () => {
  await inFolder({ "sluice.yaml": text("one") }, async (folder) => {
    await watching(await folder.load(), told, async ({ names, errors, seen }) => {
      await folder.write({ "sluice.yaml": "" });
      await new Promise((resolve) => setTimeout(resolve, 600));
      await folder.write({ "sluice.yaml": text("two") });
      await seen(1);
      assert.deepEqual([names, errors], [["two"], []]);
    });
  });
});

test("what a configuration extends, reads and runs is watched too, and files that appear", async () => {
  const files = {
    "sluice.yaml": "extends: [./base.yaml, ./preset.mjs]\nplugins: [./plugin.mjs]\n",
    "base.yaml": text("one"),
    "preset.mjs": `export default async ({ readFile }) => ({ aliases: { a: (await readFile("a.txt")) ?? "none" } });`,
    "plugin.mjs": 'export default { name: "first", setup: () => ({}) };',
  };
  await inFolder(files, async (folder) => {
    const changes: unknown[] = [];
    const onChange = ({ config }: LoadedConfig): void => {
      const plugins = config.plugins.map(({ plugin }) => plugin.name);
      changes.push([config.upstreams[0]?.name, config.aliases?.a, plugins[0]]);
    };
    await watching(await folder.load(), { onChange, ...told }, async ({ errors }) => {
      const write = async (...files: string[]): Promise<void> => {
        const before = changes.length;
        for (let at = 0; at < files.length; at += 2)
          await folder.write({ [files[at] ?? ""]: files[at + 1] ?? "" });
        await until(() => changes.length > before, patience);
      };
      await write("base.yaml", text("'${NAME:-two}'"));
      await write(".env", "NAME=three\n");
      await write("a.txt", "four");
      await write("plugin.mjs", 'export default { name: "second", setup: () => ({}) };');
      await write("sub/base.yaml", text("five"), "sluice.yaml", "extends: [./sub/base.yaml]\n");
      await write("sub/base.yaml", text("six"));
      assert.deepEqual(changes, [
        ["two", "none", "first"],
        ["three", "none", "first"],
        ["three", "four", "first"],
        ["three", "four", "second"],
        ["five", undefined, "providers/demo"],
        ["six", undefined, "providers/demo"],
      ]);
      assert.deepEqual(errors, []);
    });
  });
});

test("a link that is swapped leads to the new file, as orchestrators mount configurations", async () => {
  const files = { "v1/sluice.yaml": text("one"), "v2/sluice.yaml": text("two") };
  await inFolder(files, async (folder) => {
    await symlink("v1", join(folder.path, "current"));
    const loaded = await folder.load({ file: "current/sluice.yaml" });
    await watching(loaded, { pollInterval: 200 }, async ({ names, seen }) => {
      await symlink("v2", join(folder.path, "next"));
      await rename(join(folder.path, "next"), join(folder.path, "current"));
      await seen(1);
      assert.deepEqual(names, ["two"]);
    });
  });
});

test("a file that is touched by others, or a closed watcher, changes nothing; a trigger always reads", async () => {
  await inFolder({ "sluice.yaml": text("one") }, async (folder) => {
    await watching(await folder.load(), { pollInterval: 50 }, async ({ watcher, names }) => {
      await folder.write({ "another.yaml": "x" });
      await watcher.trigger();
      assert.deepEqual(names, ["one"]);
      watcher.close();
      await folder.write({ "sluice.yaml": text("two") });
      await watcher.trigger();
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual(names, ["one"]);
    });
  });
});

test("a URL is asked again on the interval by ETag; only a change, or its going and coming, is told", async () => {
  let body = text("one");
  let up = true;
  const answers: number[] = [];
  const server = createServer((req, res) => {
    const etag = `"${Buffer.from(body).toString("hex").slice(-40)}"`;
    const status = !up ? 503 : req.headers["if-none-match"] === etag ? 304 : 200;
    answers.push(status);
    res.writeHead(status, { etag }).end(status === 200 ? body : undefined);
  });
  const url = await listenOn(server);
  const asked = (status: number): Promise<void> => {
    const from = answers.length;
    return until(() => answers.slice(from).filter((one) => one === status).length >= 2, patience);
  };
  try {
    await inFolder({}, async (folder) => {
      const loaded = await folder.load({ file: `${url}/sluice.yaml` });
      await watching(loaded, { interval: 30 }, async ({ names, errors, seen }) => {
        await asked(304);
        assert.deepEqual(answers.slice(0, 3), [200, 304, 304]);
        assert.deepEqual(names, []);

        body = text("two");
        await seen(1);
        await asked(304);
        body = "upstreams: 5\n";
        await seen(1, 1);
        await asked(304);
        body = text("three");
        await seen(2, 1);
        up = false;
        await seen(2, 2);
        await asked(503);
        up = true;
        await seen(3, 2);
        await asked(304);

        assert.deepEqual(names, ["two", "three", "three"]);
        assert.match(errors[0] ?? "", /sluice\.yaml:1:12 upstreams: found 5, expected a list$/);
        assert.match(errors[1] ?? "", /found an answer with status 503/);
        assert.equal(errors.length, 2);
      });
    });
  } finally {
    await closeServer(server);
  }
});

test("one of several URLs that changes is enough", async () => {
  let name = "one";
  const server = createServer((req, res) =>
    res.end(req.url === "/a.yaml" ? text(name) : "aliases: { a: b }\n"),
  );
  const url = await listenOn(server);
  try {
    await inFolder({ "sluice.yaml": `extends: ["${url}/a.yaml", "${url}/b.yaml"]\n` }, async (folder) => {
      await watching(await folder.load(), { interval: 30 }, async ({ names, seen }) => {
        name = "two";
        await seen(1);
        assert.deepEqual(names, ["two"]);
      });
    });
  } finally {
    await closeServer(server);
  }
});

test("the interval is the configuration's own, and 0 asks never", async () => {
  let interval = "20ms";
  let count = 0;
  const server = createServer((_, res) => {
    count++;
    res.end(`reloadInterval: ${interval}\n${text("one")}`);
  });
  const url = await listenOn(server);
  try {
    await inFolder({}, async (folder) => {
      await watching(await folder.load({ file: `${url}/a.yaml` }), {}, async ({ seen }) => {
        await until(() => count >= 4, patience);
        interval = "0";
        await seen(1);
        const before = count;
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.equal(count, before);
      });
    });
  } finally {
    await closeServer(server);
  }
});
