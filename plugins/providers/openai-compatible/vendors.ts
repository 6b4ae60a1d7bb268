import { chineseVendors } from "./vendors-china.ts";
import { localVendors } from "./vendors-local.ts";
import { hostedVendors } from "./vendors-hosted.ts";
import type { Vendor } from "./vendor.ts";

/** All services that speak OpenAI's API and have no provider of their own. */
export const vendors: readonly Vendor[] = [...hostedVendors, ...chineseVendors, ...localVendors];
