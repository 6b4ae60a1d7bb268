import { definePlugin } from "../../core/index.ts";
import { Capacity } from "./capacity.ts";
import { capacityOptions } from "./options.ts";

/** Keeps to what upstreams and keys take: limits of requests and tokens, and calls at once, with a queue. */
export default definePlugin({
  name: "capacity",
  options: capacityOptions,
  setup(options, gateway) {
    const capacity = new Capacity(gateway, options);
    return {
      // Where no upstream has limits there is no gate, and nothing to pay for.
      ready: () => {
        if (capacity.watchUpstreams()) gateway.watch(capacity.gate);
      },
    };
  },
});
