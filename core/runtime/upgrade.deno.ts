export { tunnel } from "./web.ts";
