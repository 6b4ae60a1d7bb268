import { addressMatcher } from "./address.ts";

/**
 * Ranges that no public service has: private, loopback, link-local (clouds' metadata too), multicast, reserved, and
 * those that stand for an IPv4 address in another way. Source: IANA special-purpose address registries.
 */
const special = addressMatcher([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/127",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
]);

const anyAddress = addressMatcher(["0.0.0.0/0", "::/0"]);

/** Whether an address is one of the public internet. What is no address is not. */
export function isPublicAddress(ip: string): boolean {
  return anyAddress(ip) && !special(ip);
}
